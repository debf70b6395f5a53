import { sleep } from '@temporalio/workflow';

/** As a careless deployment brings them: a run of these does not fit what the product's code has begun. */

/** Throws what is no failure of the workflow. */
export async function followWorkflow(): Promise<void> {
  const post = undefined as unknown as { readonly created: string };
  await sleep(post.created);
}

/** Its first command is another one. */
export async function notificationWorkflow(): Promise<void> {
  await sleep('1 day');
}
