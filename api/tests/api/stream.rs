//! A client of `/updates`.

use reqwest::Method;
use serde_json::Value;

use crate::person::Person;

/// One event as a client reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The last id that came with it or before it.
    pub id: u64,
    pub event: String,
    pub data: Value,
}

/// A client of the stream that reads events, comments and the rest as the standard says.
pub struct Stream {
    pub response: reqwest::Response,
    rest: String,
    pub last_id: Option<u64>,
    pub comments: usize,
}

impl Stream {
    pub async fn open(person: &Person<'_>, last_id: Option<u64>) -> Self {
        let call = person.call(Method::GET, "/updates");
        let call = match last_id {
            Some(id) => call.header("last-event-id", &id.to_string()),
            None => call,
        };
        let response = call.open().await;
        assert_eq!(response.status(), 200);
        Self {
            last_id,
            ..Self::of(response)
        }
    }

    /// Reads a stream that was opened in another way.
    pub fn of(response: reqwest::Response) -> Self {
        Self {
            response,
            rest: String::new(),
            last_id: None,
            comments: 0,
        }
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            while let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                if let Some(update) = self.read(&block) {
                    return Some(update);
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    fn read(&mut self, block: &str) -> Option<Update> {
        let (mut event, mut data) = (None, None);
        for line in block.lines() {
            match line.split_once(": ").unwrap() {
                ("id", id) => self.last_id = Some(id.parse().unwrap()),
                ("event", name) => event = Some(name.to_owned()),
                ("data", json) => data = Some(serde_json::from_str(json).unwrap()),
                ("retry", pause) => assert_eq!(pause, "2000"),
                ("", _) => self.comments += 1,
                other => panic!("{other:?}"),
            }
        }
        Some(Update {
            id: self.last_id?,
            event: event?,
            data: data?,
        })
    }

    pub async fn take(&mut self, count: usize) -> Vec<Update> {
        let mut updates = Vec::new();
        while updates.len() < count {
            updates.push(self.next().await.expect("the stream goes on"));
        }
        updates
    }

    /// Reads on until an event is as `wanted`; answers with it and all those before it.
    pub async fn until(&mut self, wanted: impl Fn(&Update) -> bool) -> (Update, Vec<Update>) {
        let mut before = Vec::new();
        loop {
            let update = self.next().await.expect("the stream goes on");
            if wanted(&update) {
                return (update, before);
            }
            before.push(update);
        }
    }
}
