import tseslint from 'typescript-eslint';
import importX from 'eslint-plugin-import-x';
import jest from 'eslint-plugin-jest';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';

/** Who may import whom (docs/decisions/0001). `contracts` is the ground floor; `workers` is the only room that sees everything. */
const rooms = [
  'contracts',
  'runtime',
  'feeds',
  'outbox',
  'workflows',
  'activities',
  'outbox-bridge',
  'client',
  'workers',
  'ops',
  'console',
  'migrations',
  'dev',
  'proof',
  'test',
];
const mayImport = {
  contracts: [],
  runtime: ['contracts'],
  // How one feed is stored and read: for the workers that write feeds, and for the services that show them.
  feeds: ['contracts', 'runtime'],
  // What is known of the outbox table: the states of its rows, every statement on it, its housekeeping.
  outbox: ['contracts', 'runtime'],
  migrations: ['contracts', 'runtime'],
  workflows: ['contracts', 'activities'], // activities: types only, see below
  activities: ['contracts', 'runtime', 'feeds', 'outbox'],
  'outbox-bridge': ['contracts', 'runtime', 'outbox', 'migrations'],
  client: ['contracts', 'runtime', 'feeds', 'outbox'],
  workers: ['contracts', 'runtime', 'feeds', 'outbox', 'activities', 'workflows', 'migrations'],
  // migrations: which of them a database lacks.
  ops: ['contracts', 'runtime', 'feeds', 'outbox', 'client', 'activities', 'outbox-bridge', 'migrations'],
  // Pages over what the tools say and do: no statement of its own, and of the outbox only words.
  console: ['contracts', 'runtime', 'outbox', 'ops'],
  // It judges the product, so it takes from it only what a business service and a subscriber have too.
  proof: ['contracts', 'runtime', 'client', 'dev'], // dev: the library of servers, see below
};
const zones = Object.entries(mayImport).flatMap(([target, allowed]) =>
  rooms
    .filter((room) => room !== target && !allowed.includes(room))
    .map((from) => ({
      target: `./${target}`,
      from: `./${from}`,
      message: `${target}/ must not import ${from}/ (docs/decisions/0001-layout.md)`,
    })),
);

/** What the client's package may copy from runtime/: small, and with no dependency but its own peers (docs/decisions/0017). */
const inlined = [
  'errors',
  'fault-points',
  'kafka-consumer',
  'schema',
  'service',
  'service-error',
  'temporal-signals',
  'uuid',
];
zones.push({
  target: './client',
  from: './runtime',
  except: inlined.map((file) => `./${file}.ts`),
  message:
    'What client/ takes from runtime/ is copied into its package: split off a small file and add it to `inlined`.',
});
zones.push({
  target: './proof',
  from: './dev',
  except: ['./stack'],
  message: 'proof/ must not import what uses it: of dev/ only the library of servers, dev/stack (docs/decisions/0001).',
});
zones.push({
  // The demo's own tests alone import it.
  target: ['./test/!(unit)/**/*', './test/unit/!(dev)/**/*', './dev/*.ts', './dev/!(demo)/**/*'],
  from: './dev/demo',
  message:
    'Tests and benchmarks import nothing from the demo: what both need is in proof/ or dev/runs/ (docs/decisions/0001).',
});
zones.push({
  target: './client',
  from: './outbox',
  except: ['./writes.sql.ts'],
  message: 'Of outbox/ the client takes the INSERTs alone: a service has no right to anything else of the table.',
});
zones.push({
  target: rooms.map((room) => `./${room}`),
  from: ['./contracts/index.ts', './client/index.ts'],
  message: 'An entry of a package, for services. Here each file is imported by its own path.',
});

/** Inside activities/: a domain sees what several share, the identity domain also feeds, the audit whatever it examines. */
const several = ['stores', 'signals'];
const domainMayImport = {
  audit: ['emit', 'feed', 'media', ...several],
  emit: several,
  feed: several,
  identity: ['feed', ...several],
  media: several,
  notify: several,
  replay: several,
  stores: [],
  signals: [],
};
const domains = Object.keys(domainMayImport);
for (const [target, allowed] of Object.entries(domainMayImport)) {
  zones.push({
    target: `./activities/${target}`,
    from: domains.filter((domain) => domain !== target && !allowed.includes(domain)).map((d) => `./activities/${d}`),
    message: `activities/${target}/ must not import this domain: what several need is in activities/stores/ or activities/signals/.`,
  });
}

/**
 * A limit that a test gives itself is crossed on a slow machine, where the usual one would have held: it says nothing of the
 * product. Longer ones are fine.
 */
const ownLimit =
  'Shorter than the usual limit: a slow machine crosses it. Leave it out (jest.config.cjs, test/support/wait-for).';
const limitsOfTests = [
  'CallExpression[callee.object.name="jest"][callee.property.name="setTimeout"][arguments.0.value<600000]',
  'CallExpression[callee.name=/^(before|after)(All|Each)$/][arguments.1.value<600000]',
  'CallExpression[callee.name=/^(it|test)$/][arguments.2.value<600000]',
  'CallExpression[callee.callee.object.name=/^(it|test)$/][arguments.2.value<600000]',
  'CallExpression[callee.name="waitFor"] > ObjectExpression > Property[key.name="timeoutMs"][value.value<90000]',
].map((selector) => ({ selector, message: ownLimit }));

/** A subset of nothing is in everything: such a comparison cannot fail. */
const matchesAnything = [
  {
    selector: 'CallExpression[callee.property.name="toMatchObject"] Property > ObjectExpression[properties.length=0]',
    message:
      'Any object matches {} here. Compare with toEqual, or toEqual(expect.objectContaining(…)), which compares each property whole.',
  },
];

/** PostgreSQL gives up after five seconds when another session, or its autovacuum, is in a database that is copied or removed. */
const makesDatabases = [
  'Literal[value=/(CREATE|DROP) DATABASE/]',
  'TemplateElement[value.raw=/(CREATE|DROP) DATABASE/]',
].map((selector) => ({
  selector,
  message: 'Use test/support/databases: it tries again while the database is in use.',
}));

const ofTests = [...limitsOfTests, ...matchesAnything, ...makesDatabases];

/** Inside a transaction the view shows the same at every look: a wait for a change in it may never end. */
const looksAtActivity = ['Literal[value=/pg_stat_activity/]', 'TemplateElement[value.raw=/pg_stat_activity/]'].map(
  (selector) => ({
    selector,
    message: 'Look with test/support/server-activity: it never looks from inside a transaction.',
  }),
);

export default tseslint.config(
  { ignores: ['**/dist', 'node_modules', 'coverage', '**/*.cjs', '**/*.mjs'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/unbound-method': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': ['error', { zones }],
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['@nova-side-effects/*'], message: 'Inside the repository: the relative path.' }] },
      ],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'kafkajs',
              importNames: ['Kafka'],
              allowTypeImports: true,
              message:
                'Import it from runtime/kafkajs-repaired: without the repairs an idle connection takes 2 % of a core.',
            },
          ],
        },
      ],
      'max-lines': ['error', { max: 250 }],
    },
  },
  {
    // A service of its own has kafkajs alone; importing the client's subscriber repairs it.
    files: ['runtime/kafkajs-repaired.ts', 'examples/**/*.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off' },
  },
  {
    // The determinism fence: nothing that reads a clock, a file or the network enters a workflow bundle.
    files: ['workflows/**/*.ts', 'contracts/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['node:*', 'fs', 'path', 'crypto', 'os', 'net', 'http'],
              message: 'Not deterministic: do it in an activity.',
            },
            { group: ['**/activities/**'], allowTypeImports: true, message: 'Workflows see activities as types only.' },
            {
              group: ['pg', 'ioredis', 'kafkajs', 'pino', 'nodemailer'],
              message: 'Not deterministic: do it in an activity.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    ...jest.configs['flat/recommended'],
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': 'off',
      'jest/no-standalone-expect': 'off',
      'jest/no-export': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // Jest loads these two by their default export.
      'no-restricted-exports': 'off',
      'max-lines': ['error', { max: 400 }],
      'no-restricted-syntax': ['error', ...ofTests],
    },
  },
  {
    files: ['test/integration/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...ofTests, ...looksAtActivity] },
  },
);
