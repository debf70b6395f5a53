import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository, run } from './workshop';

/** How a service may be set up. The first two are also run. */
export const consumers = [
  { name: 'esm-nodenext', type: 'module', module: 'nodenext', resolution: 'nodenext' },
  { name: 'cjs-nodenext', type: 'commonjs', module: 'nodenext', resolution: 'nodenext' },
  { name: 'esm-node16', type: 'module', module: 'node16', resolution: 'node16' },
  { name: 'cjs-node16', type: 'commonjs', module: 'node16', resolution: 'node16' },
  { name: 'esm-bundler', type: 'module', module: 'esnext', resolution: 'bundler' },
  { name: 'cjs-bundler', type: 'commonjs', module: 'preserve', resolution: 'bundler' },
] as const;

export type Consumer = (typeof consumers)[number];

/**
 * Compiles files as a service of this kind would, with `strict` and with the types of the libraries checked too.
 * @param project where the packages are installed; the service is a folder in it
 * @param files by name, with their ending
 * @returns the folder with the compiled files
 * @throws Error with what the compiler says
 */
export async function compile(
  project: string,
  { name, type, module, resolution }: Consumer,
  files: Readonly<Record<string, string>>,
  /** Off for libraries whose own types do not pass, such as Temporal's. */
  checkLibraries = true,
): Promise<string> {
  const folder = join(project, name);
  await mkdir(folder, { recursive: true });
  const tsconfig = {
    compilerOptions: {
      target: 'es2022',
      module,
      moduleResolution: resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: !checkLibraries,
      types: ['node'],
      rootDir: '.',
      outDir: 'out',
    },
    include: ['*.ts'],
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type }));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  await run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', folder], folder);
  return join(folder, 'out');
}
