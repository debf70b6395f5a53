import { existsSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { StackError } from '../errors';
import { cacheHome, type Env } from '../paths';
import { runTool } from '../run-tool';
import { sometimes } from './sometimes';
import type { Located, Program } from '../servers/server';
import { which } from '../which';
import { cached } from './cached';

const kafkaVersion = '4.1.0';
/** Kafka logs through slf4j 1.7 and leaves the binding to its user. */
const artifacts = [`org.apache.kafka:kafka_2.13:${kafkaVersion}`, 'org.apache.logging.log4j:log4j-slf4j-impl:2.24.3'];

const advice = 'or set KAFKA_BROKERS to a broker of your own';

/** Apache Kafka's jars, resolved by Maven, in the cache. There is no other package of it that needs no container. */
export async function locateKafka(env: Env): Promise<Located> {
  const java = which('java', env);
  if (java === null)
    throw missing('Kafka needs Java 17 or newer, which is', 'install it (Debian: default-jre-headless)');
  await checkJava(java);
  const home = join(cacheHome(env), `kafka-${kafkaVersion}`);
  if (existsSync(home)) return { ready: program(home) };
  if (which('mvn', env) === null) throw missing('Maven, which fetches Kafka, is', 'install it (Debian: maven)');
  return {
    title: `fetching Apache Kafka ${kafkaVersion} with Maven (about 45 MB), once; cached from then on`,
    fetch: async (detail) => {
      await cached(home, { timeoutMs: 400_000, onWait: detail }, (draft) => resolveJars(draft, detail));
      return program(home);
    },
  };
}

async function resolveJars(draft: string, detail: (text: string) => void): Promise<void> {
  const pom = join(draft, 'pom.xml');
  writeFileSync(pom, pomOf(artifacts));
  await runTool({
    file: 'mvn',
    args: ['-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${draft}`, '-DincludeScope=runtime'],
    cwd: draft,
    env: { ...process.env, ...homeForJava() },
    timeoutMs: 360_000,
    onLine: sometimes(5_000, (line) => detail(line.replace(/^.*\/([^/ ]+)( .*)?$/, 'fetching $1').slice(0, 80))),
    whatToDo: `make sure that Maven reaches its repository, ${advice}`,
  });
}

/** Java takes the home folder from the user's account and not from HOME, and Maven its repository from Java. */
function homeForJava(): Record<string, string> {
  if (homedir() === userInfo().homedir) return {};
  return { MAVEN_OPTS: `${process.env.MAVEN_OPTS ?? ''} -Duser.home=${homedir()}`.trim() };
}

export function pomOf(coordinates: readonly string[]): string {
  const dependencies = coordinates.map((coordinate) => {
    const [group, artifact, version] = coordinate.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>nova</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
}

/** Java's main version out of `java -version`: 17 for "17.0.15", 8 for "1.8.0_392". */
export function javaMajor(versionOutput: string): number {
  const version = /version "([^"]+)"/.exec(versionOutput)?.[1] ?? '';
  return Number(/^(?:1\.)?(\d+)/.exec(version)?.[1] ?? 0);
}

async function checkJava(java: string): Promise<void> {
  const lines: string[] = [];
  const whatToDo = `repair the installation of Java, ${advice}`;
  await runTool({ file: java, args: ['-version'], timeoutMs: 60_000, whatToDo, onLine: (line) => lines.push(line) });
  if (javaMajor(lines.join('\n')) < 17) throw missing('Kafka needs Java 17 or newer, which is', `replace ${lines[0]}`);
}

function program(home: string): Program {
  return { name: `Apache Kafka ${kafkaVersion}`, path: home };
}

function missing(what: string, whatToDo: string): StackError {
  return new StackError({
    code: 'MISSING_PROGRAM',
    what: `${what} not on this machine`,
    where: 'PATH',
    whatToDo: `${whatToDo}, ${advice}`,
  });
}
