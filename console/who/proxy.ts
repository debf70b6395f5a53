import { BlockList, isIPv6 } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context } from 'hono';
import { type ConsoleConfig } from '../settings';
import { type Person, nameFrom } from './roles';

/** The reverse proxy before the console, which has asked the person who they are. */
export class Proxy {
  private readonly addresses = new BlockList();

  constructor(private readonly config: ConsoleConfig) {
    for (const text of config.proxyAddresses) {
      const [address = '', bits] = text.split('/');
      const family = familyOf(address);
      if (bits === undefined) this.addresses.addAddress(address, family);
      else this.addresses.addSubnet(address, Number(bits), family);
    }
  }

  /** Whether the request comes from it. */
  sends(c: Context): boolean {
    // A socket that listens for both families gives IPv4 in this form.
    const address = getConnInfo(c).remote.address?.replace(/^::ffff:(?=[\d.]+$)/, '');
    return address !== undefined && this.addresses.check(address, familyOf(address));
  }

  /** Null: it is not the proxy that asks, or it names no one. */
  person(c: Context): Person | null {
    const { userHeader, groupsHeader, operateGroups, adminGroups } = this.config;
    if (userHeader === '' || !this.sends(c)) return null;
    const name = nameFrom(c.req.header(userHeader));
    if (name === null) return null;
    const listed = groupsHeader === '' ? '' : (c.req.header(groupsHeader) ?? '');
    const groups = listed.split(',').map((group) => group.trim());
    const isIn = (some: readonly string[]) => some.some((group) => groups.includes(group));
    return { name, role: isIn(adminGroups) ? 'admin' : isIn(operateGroups) ? 'operate' : 'read', session: '' };
  }
}

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');
