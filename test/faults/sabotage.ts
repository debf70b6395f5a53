/** One deliberate break of the product, made in the compiled copy that the matrix runs, never in the sources. */
interface Break {
  readonly file: string;
  /** Text in the source, which must be there. */
  readonly find: string;
  readonly replace: string;
  /** What the matrix has to say about it. */
  readonly red: string;
}

/** Breaks that the matrix must notice: `NOVA_FAULTS_BREAK=<name> npx jest test/faults/<file>` has to turn red. */
export const breaks: Readonly<Record<string, readonly Break[]>> = {
  'feeds-not-looked-at-again': [
    {
      file: 'activities/feed/settle-page.ts',
      find: 'const wanted = belongs ? following : none;',
      replace: "const wanted = intent === 'add' ? new Set(userIds) : belongs ? following : none;",
      red: 'posts: feed.page-read, hang, the follower left meanwhile and has the post all the same',
    },
  ],
  'inboxes-not-looked-at-again': [
    {
      file: 'activities/notify/in-app.ts',
      find: 'if (verdict.voided) {',
      replace: 'if (Date.now() < 0) {',
      red: 'media-and-notices: notify.recipients-chosen, hang, a person is notified of a deleted post',
    },
  ],
  'media-not-looked-at-again': [
    {
      file: 'activities/media/post-is-gone.ts',
      find: "if (await deps.tombstones.isFinal('post', postId)) return true;",
      replace: 'if (postId === "") return true;',
      red: 'media-and-notices: media.upload-recorded and media.claim-recorded, hang, a deleted post has media',
    },
  ],
  'sent-without-a-claim': [
    {
      file: 'activities/notify/pg-delivery-ledger.ts',
      find: "WHERE event_id = $1 AND channel = $2 AND state = 'pending' AND claim_token IS DISTINCT FROM $3",
      replace:
        "WHERE event_id = $1 AND channel = $2 AND state IN ('pending', 'claimed') AND claim_token IS DISTINCT FROM $3",
      red: 'media-and-notices: notify.delivery-sent, SIGKILL and hang, an e-mail twice',
    },
    {
      file: 'activities/notify/pg-delivery-ledger.ts',
      find: "AND d.recipient_id = next.recipient_id AND d.state = 'pending'",
      replace: 'AND d.recipient_id = next.recipient_id',
      red: '',
    },
  ],
  'started-without-our-id': [
    {
      file: 'outbox-bridge/temporal-starter.ts',
      find: 'request.requestId = ',
      replace: 'void ',
      red: '',
    },
    {
      file: 'runtime/start-options.ts',
      find: "workflowIdReusePolicy: 'REJECT_DUPLICATE'",
      replace: "workflowIdReusePolicy: 'ALLOW_DUPLICATE'",
      red: 'bridge: bridge.started, two runs of one row',
    },
    {
      file: 'runtime/start-options.ts',
      find: "workflowIdConflictPolicy: 'FAIL'",
      replace: "workflowIdConflictPolicy: 'TERMINATE_EXISTING'",
      red: '',
    },
  ],
  'marked-before-started': [
    {
      file: 'outbox-bridge/start-in-order.ts',
      find: "await faultPoint('bridge.before-start');",
      replace:
        "settler.add({ kind: 'started', row }, leaseEndsMs); await settler.drained(); await faultPoint('bridge.before-start');",
      red: 'bridge: bridge.before-start, SIGKILL, a row is started and has no run',
    },
  ],
  'one-away-all-away': [
    {
      file: 'runtime/outbox-pools.ts',
      find: 'admission?.check();',
      replace: 'for (const each of this.admissions.values()) each.check();',
      red: 'outboxes: the outbox of one service is killed or hangs, and events of the others are not emitted meanwhile',
    },
  ],
  'emitted-out-of-turn': [
    {
      file: 'activities/emit/pg-emit-log.ts',
      find: 'return (await this.query<EmitRow>(sql.selectUnemitted, values)).rows;',
      replace:
        'return (await this.query<EmitRow>(sql.selectUnemitted, values)).rows.filter((row) => row.sequence === upTo.get(row.aggregateId));',
      red: 'emit: any, first appearances out of order',
    },
  ],
};

/** The source of a file with the break asked for in it. @throws Error when the text to break is not there */
export function sabotaged(file: string, source: string, name = process.env['NOVA_FAULTS_BREAK']): string {
  if (name === undefined) return source;
  const wanted = breaks[name];
  if (wanted === undefined) throw new Error(`NOVA_FAULTS_BREAK=${name}: one of ${Object.keys(breaks).join(', ')}`);
  return wanted
    .filter((each) => each.file === file)
    .reduce((text, { find, replace }) => {
      if (!text.includes(find)) throw new Error(`${file} has no "${find}" to break`);
      return text.replace(find, replace);
    }, source);
}
