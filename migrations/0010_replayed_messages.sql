-- How often an operator has handed a message out again: what it is about is looked at anew each time.
ALTER TABLE webhook_inbox ADD COLUMN replays integer NOT NULL DEFAULT 0;
