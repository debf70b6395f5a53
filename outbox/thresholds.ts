/**
 * Claims in a row without an end after which a row is suspected of killing the process, and is claimed and handled with
 * nothing else in hand; and after how many it is given up unread. In between it was alone each time. A row is found by
 * both counts only if three processes in a row died, hung or lost the database within the milliseconds that they held it
 * alone: what kills bridges for other reasons makes rows suspects, and their next turn alone clears them.
 */
export const aloneAfterClaims = 3;
export const unreadAfterClaims = 6;

/**
 * An aggregate is hot with more pending rows than `hotRows` that are more than `hotShare` of all that waits in its outbox: below that the end of
 * its queue is some seconds away, and where others have as much it is a backlog. The alarm NovaAggregateHot has the same figures.
 */
export const hotRows = 500;
export const hotShare = 0.5;
