import { messageOf, StackError } from '../errors';
import type { Env } from '../paths';
import { runTool } from '../run-tool';
import { which } from '../which';
import { modeOf } from './compose';

/** Whether Docker Compose is to run the servers: an engine replies and NOVA_STACK does not say otherwise. */
export async function useDocker(env: Env): Promise<boolean> {
  const mode = modeOf(env);
  if (mode === null) {
    throw new StackError({
      code: 'BAD_SETTING',
      what: `"${env.NOVA_STACK}" is no way to run the stack`,
      where: 'NOVA_STACK',
      whatToDo: 'use docker, local or auto',
    });
  }
  if (mode === 'local') return false;
  const problem = await engineProblem(env);
  if (problem === null) return true;
  if (mode === 'auto') return false;
  throw new StackError({
    code: 'DOCKER_UNAVAILABLE',
    what: `Docker Compose cannot be used: ${problem}`,
    where: 'NOVA_STACK=docker',
    whatToDo: 'start the Docker engine and install Compose v2, or unset NOVA_STACK to run the servers without Docker',
  });
}

async function engineProblem(env: Env): Promise<string | null> {
  if (which('docker', env) === null) return 'there is no docker on PATH';
  const whatToDo = 'start the engine';
  try {
    // A client without an engine may hang on a socket of a machine that sleeps.
    await runTool({ file: 'docker', args: ['info', '--format', '{{.ServerVersion}}'], timeoutMs: 20_000, whatToDo });
    await runTool({ file: 'docker', args: ['compose', 'version', '--short'], timeoutMs: 20_000, whatToDo });
    return null;
  } catch (error) {
    return error instanceof StackError ? error.what : messageOf(error);
  }
}
