import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { searchAttributes } from '../../../../contracts/search-attributes';
import { composeEnvironment, servicesOf } from '../../../../dev/stack/docker/compose';
import { loginOf } from '../../../../dev/logins';
import { composeParserLacks, fetchComposeParser } from '../../../../dev/stack/fetch/compose-parser';
import { wheelHolds } from '../../../../dev/stack/fetch/temporal-wheel';
import { checkoutRoot } from '../../../../dev/stack/paths';
import { runTool } from '../../../../dev/stack/run-tool';
import { roles } from '../../../../migrations/rights/roles';
import { dynamicConfig, testDynamicConfig } from '../../../../dev/stack/servers/temporal';

interface Service {
  image: string;
  build?: string;
  command?: string[];
  entrypoint?: string[];
  ports?: string[];
  volumes?: string[];
  profiles?: string[];
  healthcheck?: { test: string[] };
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
}

const read = (file: string) => readFileSync(join(checkoutRoot, file), 'utf8');
const text = read('docker-compose.yml');
const { services, volumes } = load(text) as { services: Record<string, Service>; volumes: Record<string, null> };
const oneShots = ['temporal-schema', 'temporal-init', 'migrate', 'logins'];
/** Sleeps between two chores; what it did is in `nova status`. */
const chores = ['housekeeping'];
const monitoring = ['prometheus', 'alertmanager', 'grafana'];
const entries = Object.entries(services);

describe('docker-compose.yml', () => {
  it('has the servers of the stack and the processes of the product', () => {
    const wanted = [
      ...Object.values(servicesOf).flat(),
      ...oneShots,
      ...chores,
      ...monitoring,
      'bridge',
      'workers',
      'console',
    ];
    expect(Object.keys(services).sort()).toEqual(wanted.sort());
  });

  it('runs our own processes only in the profile app, from one image', () => {
    const own = entries.filter(([name, service]) => service.build !== undefined && name !== 'console');
    expect(own.map(([name]) => name)).toEqual(['migrate', 'bridge', 'workers', 'housekeeping']);
    expect(new Set(own.map(([, service]) => `${service.image} ${service.profiles?.join()}`)).size).toBe(1);
    expect(own[0]?.[1].profiles).toEqual(['app']);
  });

  it('runs the console only where it is asked for, from the same image, with the login of an operator who has the desk', () => {
    const { image, profiles, environment } = services['console'] ?? {};
    expect({ image, profiles }).toEqual({ image: services['bridge']?.image, profiles: ['console'] });
    expect(String(environment?.['DATABASE_URL'])).toContain(`//${loginOf('desk')}:`);
  });

  it('runs Prometheus with the product’s alerts only in the profile monitoring', () => {
    expect(entries.filter(([, { profiles }]) => profiles?.includes('monitoring')).map(([name]) => name)).toEqual(
      monitoring,
    );
    for (const name of monitoring) expect(services[name]?.volumes).toContain('./monitoring:/etc/nova:ro');
    const { scrape_configs: jobs } = load(read('monitoring/prometheus.yml')) as {
      scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const scraped = jobs.flatMap((job) => job.dns_sd_configs.map(({ names, port }) => `${names.join()} ${port}`));
    const portOf = (name: string, variable: string) => `${name} ${services[name]?.environment?.[variable]}`;
    expect(scraped).toEqual([
      portOf('bridge', 'BRIDGE_METRICS_PORT'),
      portOf('workers', 'WORKER_HEALTH_PORT'),
      portOf('workers', 'WORKER_METRICS_PORT'),
    ]);
  });

  it('checks the health of everything that stays up', () => {
    const unchecked = entries.filter(
      ([name, { healthcheck }]) => !healthcheck && ![...oneShots, ...chores].includes(name),
    );
    expect(unchecked.map(([name]) => name)).toEqual([]);
  });

  it('gives each process a login of its own, and only migrate and logins the administrator’s', () => {
    const loginOfService = (service: Service) =>
      /postgres:\/\/(\w+):/.exec(`${String(service.environment?.DATABASE_URL)} ${String(service.entrypoint)}`)?.[1];
    const logins = Object.fromEntries(
      entries.filter(([, service]) => service.profiles?.includes('app')).map(([name, s]) => [name, loginOfService(s)]),
    );
    expect(logins).toEqual({
      migrate: 'nova',
      logins: 'nova',
      bridge: loginOf('bridge'),
      workers: loginOf('workers'),
      housekeeping: loginOf('owner'),
    });
    const sql = read('dev/stack/docker/logins.sql');
    for (const role of ['owner', ...roles] as const) {
      expect(sql).toContain(`GRANT nova_${role} TO ${loginOf(role)};`);
      expect(sql).toContain(`ALTER ROLE ${loginOf(role)} PASSWORD :'${role}';`);
    }
  });

  it('publishes ports on loopback only, each of which a variable moves', () => {
    const published = entries.flatMap(([, service]) => service.ports ?? []);
    expect(published).toHaveLength(9);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z_]+_PORT:-\d+\}:\d+$/);
  });

  it('reads every variable that the stack sets', () => {
    const set = composeEnvironment([], { ports: {}, profile: 'durable' }, 'nova');
    for (const name of Object.keys(set)) expect(text).toContain(`\${${name}:-`);
  });

  it('asks bridges and workers whether they take work, each at its own port', () => {
    const ports = { bridge: 'BRIDGE_METRICS_PORT', workers: 'WORKER_HEALTH_PORT' };
    for (const [name, variable] of Object.entries(ports)) {
      const { healthcheck, environment } = services[name] ?? {};
      expect(healthcheck?.test.join(' ')).toContain(`127.0.0.1:${environment?.[variable]}/readyz`);
    }
  });

  it('waits for servers by their health and for one-shots by their end', () => {
    for (const [name, condition] of entries.flatMap(([, service]) => Object.entries(service.depends_on ?? {}))) {
      const expected = oneShots.includes(name) ? 'service_completed_successfully' : 'service_healthy';
      expect({ name, ...condition }).toEqual({ name, condition: expected });
    }
  });

  it('registers exactly the search attributes of the contracts', () => {
    expect(services['temporal-init']?.command).toEqual(Object.keys(searchAttributes));
    expect(new Set(Object.values(searchAttributes))).toEqual(new Set(['KEYWORD']));
  });

  it('advertises Kafka to containers by its name and to the host by the published port', () => {
    const listeners = services.kafka?.environment?.KAFKA_ADVERTISED_LISTENERS;
    expect(listeners).toBe('INSIDE://kafka:19092,OUTSIDE://127.0.0.1:${KAFKA_PORT:-9092}');
  });

  it('declares every volume that it mounts', () => {
    const named = entries.flatMap(([, service]) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    expect(named.filter((name) => !name.startsWith('.')).sort()).toEqual(Object.keys(volumes).sort());
  });

  it('runs commands that the build makes', () => {
    const built = entries.flatMap(([, service]) => service.command ?? []).filter((arg) => arg.startsWith('dist/'));
    expect(built).toEqual(['migrations', 'outbox-bridge', 'workers', 'console'].map((room) => `dist/${room}/main.js`));
    const sources = built.map((file) => file.replace(/^dist\/(.*)\.js$/, '$1.ts'));
    expect(sources.filter((file) => !existsSync(join(checkoutRoot, file)))).toEqual([]);
  });
});

describe("Debian's docker-compose", () => {
  const lacks = composeParserLacks(process.env);
  // Compose 1 has no top-level name. Its place in the file is this test's only change.
  const withoutName = text.replace(/^name: .*$/m, '');

  const check = async () => {
    expect(withoutName).not.toBe(text);
    const parser = await fetchComposeParser(process.env);
    const folder = mkdtempSync(join(tmpdir(), 'nova-compose-'));
    const file = join(folder, 'docker-compose.yml');
    writeFileSync(file, withoutName);
    const args = [...parser.args, '--project-directory', checkoutRoot, '--file', file, 'config'];
    const whatToDo = 'correct docker-compose.yml';
    const env = { ...parser.env, TEMPORAL_NAMESPACE: 'staging' };
    const found = await runTool({ ...parser, args, env, timeoutMs: 60_000, whatToDo }).finally(() =>
      rmSync(folder, { recursive: true }),
    );
    const { services: resolved } = load(found) as { services: typeof services };
    expect(Object.keys(resolved).sort()).toEqual(Object.keys(services).sort());
    expect(resolved['temporal-init']?.environment).toMatchObject({ TEMPORAL_NAMESPACE: 'staging' });
  };
  // eslint-disable-next-line jest/no-disabled-tests -- the title says what the machine lacks
  if (lacks !== null) it.skip(`finds no fault in the file (skipped: this machine lacks ${lacks})`, check);
  else it('finds no fault in the file, and reads the services from it', check);
});

describe('Temporal in Docker', () => {
  const config = (file: string) => {
    const parsed = load(read(`dev/stack/docker/${file}`)) as Record<string, [{ value: unknown }]>;
    return Object.fromEntries(Object.entries(parsed).map(([key, [{ value }]]) => [key, value]));
  };
  const values = (settings: Record<string, string>) =>
    Object.fromEntries(Object.entries(settings).map(([key, json]) => [key, JSON.parse(json) as unknown]));

  it('is the server and the Web UI of the stack without Docker, from images that are kept up', () => {
    const images = entries.map(([, service]) => service.image).filter((image) => image.startsWith('temporalio/'));
    const { server, ui } = wheelHolds;
    const wanted = [`temporalio/admin-tools:${server}`, `temporalio/server:${server}`, `temporalio/ui:${ui}`];
    expect([...new Set(images)].sort()).toEqual(wanted.sort());
  });

  it('has the dynamic configuration of the dev server', () => {
    expect(config('temporal-dynamic.yaml')).toMatchObject(values(dynamicConfig));
  });

  it('differs for tests only in what the dev server does', () => {
    const test = { ...config('temporal-dynamic.yaml'), ...values(testDynamicConfig) };
    expect(config('temporal-dynamic-test.yaml')).toEqual(test);
  });
});

describe('the image', () => {
  const file = read('Dockerfile');

  it('is of the Node.js release that is supported for it, and of a user that an orchestrator sees to be no root', () => {
    expect([...file.matchAll(/^FROM node:(\d+)-/gm)].map(([, release]) => release)).toEqual(['24', '24']);
    expect(/^USER (.+)$/m.exec(file)?.[1]).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('keeps one platform of the Temporal core, by a name that it has', () => {
    const kept = /! -name "\$\(uname -m\)(-[\w-]+)"/.exec(file)?.[1];
    const releases = readdirSync(join(checkoutRoot, 'node_modules/@temporalio/core-bridge/releases'));
    expect(releases).toEqual(expect.arrayContaining([`x86_64${kept}`, `aarch64${kept}`]));
  });
});
