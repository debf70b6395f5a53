/**
 * Every function that runs with the rights of the owner instead of its caller's, and why. A test fails on any other, and on
 * one whose search_path does not end in pg_temp: without that a caller's temporary table is found before ours.
 */
export const definerFunctions: Readonly<Record<string, string>> = {
  outbox_before_insert: 'a writer needs INSERT on a few columns and neither the sequence nor the table of event types',
  outbox_after_update:
    'a process that marks a row, by whatever statement, keeps the heads in line and needs no right on them',
  outbox_after_delete: 'as outbox_after_update',
  outbox_after_truncate: 'as outbox_after_update',
  follow_ended_by_hand:
    'a service that writes follows itself needs no right on the record of changes, nor on the sequence',
  follow_begun_by_hand: 'as follow_ended_by_hand',
  outbox_release_hold: 'an operator may let pass what a dead letter holds back, and may not write holds or heads',
  outbox_read_dead_letter:
    'a person may read what is to be corrected, one dead letter at a time, and each reading is an act',
  outbox_amend_dead_letter: 'as outbox_read_dead_letter; and may change nothing else, of no other row',
  outbox_discard_dead_letters: 'as outbox_read_dead_letter; and may delete no other row',
  outbox_emit_again:
    'an operator may have events sent again, each time as an act, and may change nothing else of a row',
  outbox_repair_heads: 'an operator may ask for the repair, and may not write heads',
  outbox_expect: 'an operator may move domains, and may write neither event types nor the record of moves',
  outbox_hand_over: 'as outbox_expect',
  outbox_note_switch: 'as outbox_expect; and may not set a sequence',
  outbox_accept: 'as outbox_note_switch',
  outbox_cancel_move: 'as outbox_expect',
  outbox_open: 'a bridge opens what has come from another outbox, and may write neither holds nor event types',
  outbox_let_go: 'as outbox_open',
  outbox_ensure_partitions:
    'the bridge makes the days ahead, and only the owner of the outbox may add a partition to it',
  nova_signal_deleted:
    'a writer may hold back for an hour at the most what it may delete anyway, and may not write signals of any other kind',
  tombstone_hold: 'a bridge holds back what a service has signalled, and may not write tombstones',
  signal_holds: 'as tombstone_hold, for the writer of a signal in a database that has State too',
  nova_event_state: 'a writer may learn what became of an event, and may not read the outbox',
};
