-- messages: what people and their companions said to each other, and what was shown beside it.
CREATE TABLE messages (
    message_id   uuid PRIMARY KEY,
    owner        uuid NOT NULL,
    -- The stream that it belongs to: user, mode and day.
    conversation text NOT NULL,
    mode         text NOT NULL,
    -- user, avatar or system.
    role         text NOT NULL,
    -- Null when nothing was said: a reply that is only a picture, and what the service tells in words of its own.
    text         text,
    -- Why the service says something, or why a picture is not promised.
    notice       json,
    -- The person's message that it answers.
    in_reply_to  uuid,
    -- The picture that was promised in it.
    photo_id     uuid,
    -- The position of the event that it began with, which is its place in the conversation.
    position     bigint NOT NULL,
    created_at   timestamptz NOT NULL
);
CREATE INDEX messages_of_owner ON messages (owner, position DESC);
CREATE INDEX messages_of_owner_by_mode ON messages (owner, mode, position DESC);
CREATE INDEX messages_by_photo ON messages (photo_id) WHERE photo_id IS NOT NULL;

-- messages: the mode that a person has turned to.
CREATE TABLE chats (
    owner    uuid PRIMARY KEY,
    mode     text NOT NULL,
    position bigint NOT NULL
);

-- chat_work: the messages that are still to be answered, for the worker.
CREATE TABLE chat_work (
    message_id   uuid PRIMARY KEY,
    owner        uuid NOT NULL,
    mode         text NOT NULL,
    conversation text NOT NULL,
    position     bigint NOT NULL,
    sent_at      timestamptz NOT NULL
);
CREATE INDEX chat_work_in_order ON chat_work (position);
CREATE INDEX chat_work_of_conversation ON chat_work (conversation, position);
CREATE INDEX chat_work_of_owner ON chat_work (owner, mode, position);
