import { defineSignal } from '@temporalio/workflow';
import { type DeletedSignal, type MediaClaimedSignal, signals } from '../contracts/signals';

export const deletedSignal = defineSignal<[DeletedSignal]>(signals.deleted);
export const mediaClaimedSignal = defineSignal<[MediaClaimedSignal]>(signals.mediaClaimed);
