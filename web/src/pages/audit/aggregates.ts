/** What events happen to. */
export const AGGREGATES = ['Avatar', 'Conduct', 'Conversation', 'PhotoRequest', 'Report', 'Stewardship', 'Subscription'];
