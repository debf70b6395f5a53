import { catalogue, definitionOf, spellingsOf } from '../contracts/catalogue';
import { everyType } from '../outbox/pauses.sql';

/** A pause that a person has set, as the outbox has it. */
export interface HandPause {
  /** As the catalogue spells it; a spelling that it does not know; or every type. */
  readonly eventType: string;
  readonly reason: string;
  readonly pausedBy: string;
  readonly endsAt: Date;
  /** Milliseconds until its end, by the database's clock. */
  readonly leftMs: number;
}

interface Current {
  readonly text: string;
  /** Of a clock that no step of the wall clock moves. */
  readonly untilMs: number;
}

/** What a person has paused, as it was last read. It ends on time also while the database is away. */
export class HandPauses {
  private current = new Map<string, Current>();

  constructor(private readonly now: () => number) {}

  /** Takes what the outbox says now. Returns the types that have begun to wait, and those that go on. */
  set(pauses: readonly HandPause[]): { readonly begun: readonly string[]; readonly ended: readonly string[] } {
    const before = new Set(this.current.keys());
    this.current = new Map(
      pauses.flatMap((pause) => {
        const current = { text: textOf(pause), untilMs: this.now() + pause.leftMs };
        return typesOf(pause.eventType).map((type) => [type, current] as const);
      }),
    );
    return {
      begun: [...this.current.keys()].filter((type) => !before.has(type)),
      ended: [...before].filter((type) => !this.current.has(type)),
    };
  }

  /** Every spelling that is not to be claimed now. */
  spellings(): string[] {
    return [...this.inForce().keys()].flatMap((name) => {
      const type = definitionOf(name)?.type;
      return type === undefined ? [name] : spellingsOf(type);
    });
  }

  /** For people: type → who, until when and why. */
  describe(): Record<string, string> {
    return Object.fromEntries([...this.inForce()].map(([type, { text }]) => [type, text]));
  }

  /** One line for all of them; undefined: there is none. */
  get note(): string | undefined {
    const [first, ...more] = [...this.inForce()];
    if (first === undefined) return undefined;
    return `${first[1].text} (${first[0]}${more.length > 0 ? ` and ${more.length} more types` : ''})`;
  }

  private inForce(): Map<string, Current> {
    const now = this.now();
    return new Map([...this.current].filter(([, { untilMs }]) => untilMs > now));
  }
}

const typesOf = (name: string): readonly string[] =>
  name === everyType ? catalogue.map(({ type }) => type) : [definitionOf(name)?.type ?? name];

const textOf = ({ pausedBy, endsAt, reason }: HandPause): string =>
  `PAUSED_BY_HAND: by ${pausedBy} until ${endsAt.toISOString()}: ${reason}`;
