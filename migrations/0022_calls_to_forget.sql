-- Only calls that bought nothing are forgotten. An index of all calls would be walked past every order ever placed.
CREATE INDEX provider_calls_to_forget ON provider_calls (began_at) WHERE kind <> 'order';
DROP INDEX provider_calls_by_age;
