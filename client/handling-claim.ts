import { type Redis } from 'ioredis';

/** Where an event stands: its topic and partition, which one consumer at a time works through. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** `handled`: its mark is there. `held`: another handling of this partition has not ended yet. */
export type Begun<Context = object> = 'handled' | 'held' | Claim<Context>;

/** Lets one consumer of a group at a time handle events of a partition, and remembers what was handled. */
export interface Claims<Context = object> {
  /** `token`: unique to this handling. */
  begin(eventId: string, place: Place, token: string): Promise<Begun<Context>>;
}

/**
 * The right to handle one event of a partition. It ends by itself when it is not renewed for as long as its lease. A port: in Redis
 * (below), or in PostgreSQL (pg-handling-claim.ts).
 */
export interface Claim<Context = object> {
  /** What the handler gets beside the event. */
  readonly context: Context;
  /** Makes the lease as long as at its start. False: another consumer has it, or has handled the event. */
  renew(): Promise<boolean>;
  /** Marks the event as handled and gives the claim back. False: another consumer has it, and nothing was marked. */
  finish(): Promise<boolean>;
  /** As `finish`, for an event that is given up: nothing of what its handler did stays, where that can be taken back. */
  giveUp(): Promise<boolean>;
  /** Gives the claim back without a mark: the event is handled again, here or elsewhere. */
  release(): Promise<void>;
}

type Script = (keyCount: number, ...keysAndArguments: (string | number)[]) => Promise<string>;

/** KEYS: mark, claim. ARGV: token of this handling, milliseconds of lease. */
const begin = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 'handled' end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 'mine' end
return 'held'
`;

/** A claim that ended, or that Redis lost, is taken again, but not when another consumer handled the event meanwhile. */
const mine = `
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 'lost' end
if not holder and redis.call('EXISTS', KEYS[1]) == 1 then return 'lost' end
`;

/** KEYS, ARGV: as in `begin`. */
const renew = `${mine}
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 'mine'
`;

/** KEYS: as in `begin`. ARGV: token, seconds that the mark lives. */
const finish = `${mine}
redis.call('SET', KEYS[1], '1', 'EX', ARGV[2])
redis.call('DEL', KEYS[2])
return 'mine'
`;

/** KEYS: as in `begin`. ARGV: token. */
const release = `
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 'released'
`;

const scripts = {
  novaBeginHandling: begin,
  novaRenewHandling: renew,
  novaFinishHandling: finish,
  novaReleaseHandling: release,
};

/**
 * Lets one consumer of a group at a time handle events of a partition, whatever Kafka believes: a consumer that lost the
 * partition while its handler runs holds the claim until the handler has ended, and the partition's next owner waits.
 * Needs one Redis primary: each script touches two keys.
 */
export class HandlingClaims implements Claims {
  private readonly scripts: Record<keyof typeof scripts, Script>;

  constructor(
    redis: Redis,
    private readonly options: {
      /** Consumer group: part of the keys. */
      readonly name: string;
      readonly leaseMs: number;
      /** How long an event is remembered as handled. */
      readonly markSeconds: number;
    },
  ) {
    for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { lua });
    this.scripts = redis as unknown as Record<keyof typeof scripts, Script>;
  }

  async begin(eventId: string, { topic, partition }: Place, token: string): Promise<Begun> {
    const { name, leaseMs, markSeconds } = this.options;
    const keys = [`processed:${name}:${eventId}`, `handling:${name}:${topic}/${partition}`];
    const begun = await this.scripts.novaBeginHandling(2, ...keys, token, leaseMs);
    if (begun !== 'mine') return begun as 'handled' | 'held';
    const finish = async () => (await this.scripts.novaFinishHandling(2, ...keys, token, markSeconds)) === 'mine';
    return {
      context: {},
      renew: async () => (await this.scripts.novaRenewHandling(2, ...keys, token, leaseMs)) === 'mine',
      finish,
      giveUp: finish,
      release: async () => void (await this.scripts.novaReleaseHandling(2, ...keys, token)),
    };
  }
}
