import { readFileSync } from 'node:fs';
import { schemasWithoutId } from '@asyncapi/specs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { catalogue, topicPartitions } from '../../../../contracts/catalogue';
import { staleFiles } from '../../../../dev/docs/generate';

describe('generated documents', () => {
  it('are what the catalogue, the failure table and the settings say today (else: npm run docs:generate)', async () => {
    expect(await staleFiles()).toEqual([]);
  });
});

describe('docs/asyncapi.json', () => {
  type Node = { readonly [key: string]: Node };
  const document = JSON.parse(readFileSync('docs/asyncapi.json', 'utf8')) as Node;
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));

  const at = (pointer: string): Node | undefined =>
    pointer
      .replace(/^#\//, '')
      .split('/')
      .reduce<Node | undefined>((node, key) => node?.[key], document);
  const referencesIn = (node: unknown): string[] =>
    Object.entries(node !== null && typeof node === 'object' ? node : {}).flatMap(([key, value]: [string, unknown]) =>
      key === '$ref' ? [String(value)] : referencesIn(value),
    );

  it('is an AsyncAPI 3 document by the schema of the specification', () => {
    const isValid = ajv.compile(schemasWithoutId['3.0.0'] as object);
    isValid(document);
    expect(isValid.errors).toBeNull();
  });

  it('refers to nothing that is not in it', () => {
    const references = referencesIn(document);
    expect(references.length).toBeGreaterThan(3 * catalogue.length);
    expect(references.filter((pointer) => !pointer.startsWith('#/') || at(pointer) === undefined)).toEqual([]);
  });

  it('has each event on its topic, once, to be received, with its key, and schemas that can be used', () => {
    const names = catalogue.map((event) => event.type).sort();
    const domains = Object.keys(topicPartitions).sort();
    expect(Object.keys(at('channels') ?? {}).sort()).toEqual(domains);
    const onChannels = domains.flatMap((domain) => Object.keys(at(`channels/${domain}/messages`) ?? {}));
    expect(onChannels.sort()).toEqual(names);
    expect(domains.map((domain) => at(`operations/receive.${domain}`)?.['action'])).toEqual(
      domains.map(() => 'receive'),
    );
    const strict = addFormats(new Ajv());
    ajv.addSchema(document, 'asyncapi');
    for (const { type, partitionKey, domain } of catalogue) {
      expect(at(`channels/${domain}/messages/${type}`)).toBeDefined();
      expect(at(`components/messages/${type}/bindings/kafka/key`)).toMatchObject({
        description: expect.stringContaining(`\`${partitionKey}\``) as string,
      });
      expect(() => strict.compile(at(`components/schemas/${type}`)!)).not.toThrow();
      expect(ajv.getSchema(`asyncapi#/components/messages/${type}/payload`)).toBeDefined();
      expect(ajv.getSchema(`asyncapi#/components/messages/${type}/headers`)).toBeDefined();
    }
  });
});
