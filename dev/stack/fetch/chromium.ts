import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '../paths';
import { which } from '../which';
import { fetchDebianPackage, librariesOf } from './debian-package';

/** Where the program of Debian's package is, in the folder into which it was unpacked. */
const program = 'usr/lib/chromium/chromium';

export interface Chromium {
  readonly path: string;
  /** Folders of libraries that it needs; empty: the machine has them. */
  readonly libraries: string;
}

/** A browser for tests: the machine's own, else Debian's package, unpacked into the cache. */
export async function fetchChromium(env: Env, detail: (text: string) => void): Promise<Chromium> {
  const own = which('chromium', env) ?? which('google-chrome', env);
  if (own !== null) return { path: own, libraries: '' };
  const whatToDo = 'Install chromium or google-chrome, or leave out the tests of the console.';
  const isWhole = (folder: string) => existsSync(join(folder, program));
  const home = await fetchDebianPackage({ name: 'chromium', isWhole, whatToDo }, env, detail);
  const libraries = librariesOf(home);
  // PulseAudio keeps a part of its library in a folder of its own, and names it nowhere.
  const inside = libraries.split(':').map((folder) => join(folder, 'pulseaudio'));
  return { path: join(home, program), libraries: [libraries, ...inside].join(':') };
}
