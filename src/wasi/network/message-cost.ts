/** What a message between the threads takes beside its bytes, roughly: without it a peer that sends single bytes costs far more. */
export const MESSAGE_COST = 256;
