import { type FaultSystem } from './fault-system';
import { type Row } from './rows';

/** Who hears of what. */
export interface Mailed {
  readonly eventId: string;
  readonly recipientId: string;
}

/** What must be so when everything has settled, looked up on the servers themselves. */
export interface Expected {
  /** The whole feed of each of these people, in any order. */
  readonly feeds?: Readonly<Record<string, readonly string[]>>;
  /** Notifications of the scene's events that count, and no others; none by default. */
  readonly notified?: readonly (Mailed & { readonly kind: string })[];
  /** Each person these are for has one e-mail, or an unknown one, and never two. */
  readonly mails?: readonly Mailed[];
  /** E-mails that may have gone out before what they are about was deleted. */
  readonly mailsPossible?: readonly Mailed[];
  /** The whole media of each of these posts. */
  readonly media?: Readonly<Record<string, readonly string[]>>;
  /** Captions in the cache; null: the post is not cached. */
  readonly captions?: Readonly<Record<string, string | null>>;
  /** People of whom no name, address, feed or cached profile is left. */
  readonly erased?: readonly string[];
  /** Uploads that no one claims: they wait out their hour, which is as it should be. */
  readonly waiting?: readonly string[];
  /** Events whose rows a restore took: what is left of them is said by the story itself. */
  readonly lost?: readonly string[];
  /** Whether even a copy after the mark may be: a zombie was sending. The first appearances are in order all the same. */
  readonly kafkaTwice?: boolean;
}

/** One case's own small world. */
export interface Scene {
  /** Committed and settled before the order to strike is given. */
  readonly before?: readonly Row[];
  /** True when `before` is over; absent: when its workflows have ended. */
  readonly ready?: () => Promise<boolean>;
  /** Committed with the order given: the fault strikes in the workflows of these. */
  readonly during: readonly Row[];
  /** Workflows meant, if not those of `during`. */
  readonly strikes?: readonly string[];
  /** Done when `during` is committed. */
  readonly begin?: () => Promise<void>;
  /** Committed as soon as the fault has struck. */
  readonly meanwhile?: readonly Row[];
  /** Done after that, one after another; rows that it returns are committed before the next. */
  readonly then?: readonly (() => Promise<readonly Row[] | undefined>)[];
  readonly expected: Expected;
}

/** Builds the scene of a case; may insert people and follows, which are not under test. */
export type Story = (system: FaultSystem) => Promise<Scene>;
