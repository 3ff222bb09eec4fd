//! A prediction: what it is at any moment is a function of what was stored and of the time.

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::input::{self, OutputForm};

/// Inputs and outputs are removed this long after the end, in milliseconds.
const KEPT_MS: i64 = 3_600_000;

/// What a webhook tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hook {
    Start,
    Output,
    Logs,
    Completed,
}

impl Hook {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Output => "output",
            Self::Logs => "logs",
            Self::Completed => "completed",
        }
    }
}

/// One prediction as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Prediction {
    pub(super) id: String,
    /// `owner/name`.
    pub(super) model: String,
    pub(super) version: String,
    /// As given, with long data URLs cut short.
    pub(super) input: Value,
    pub(super) webhook: Option<String>,
    /// Empty means all.
    pub(super) webhook_events_filter: Vec<Hook>,
    pub(super) behaviour: Behaviour,
    /// All times are in milliseconds since 1970.
    pub(super) created_at: i64,
    pub(super) drawing_time_ms: i64,
    pub(super) deadline: Option<i64>,
    pub(super) canceled_at: Option<i64>,
    pub(super) polls: u32,
    /// When the last of the polls of `ok_after` came.
    pub(super) ended_by_poll_at: Option<i64>,
    /// The webhooks that were delivered or given up.
    pub(super) sent: Vec<Hook>,
    /// Whether the webhook with the result is on its way.
    pub(super) announced: bool,
}

/// What a prediction is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) status: &'static str,
    pub(super) started_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
}

impl Moment {
    pub(super) fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }
}

impl Prediction {
    /// What it truly is at `now`.
    pub(super) fn at(&self, now: i64) -> Moment {
        let start = self.starts_at();
        let (end, status) = self.ends();
        let started_at = start.filter(|at| *at <= now && *at <= end);
        if now >= end {
            return Moment {
                status,
                started_at,
                ended_at: Some(end),
            };
        }
        let status = match (started_at, self.behaviour) {
            (None, _) => "starting",
            (Some(_), Behaviour::UnknownStatus) => "defrosting",
            (Some(_), _) => "processing",
        };
        Moment {
            status,
            started_at,
            ended_at: None,
        }
    }

    /// When it starts to be drawn; never for an aborted one.
    fn starts_at(&self) -> Option<i64> {
        match self.behaviour {
            Behaviour::Aborted => None,
            Behaviour::SlowColdStart => Some(self.created_at + 8 * self.drawing_time_ms),
            Behaviour::WebhookBeforeResponse => Some(self.created_at),
            _ => Some(self.created_at + self.drawing_time_ms / 4),
        }
    }

    /// When it ends, and as what: by itself, by its deadline or by a cancellation, whichever comes first.
    fn ends(&self) -> (i64, &'static str) {
        let mut first = (self.ends_by_itself_at(), self.own_end());
        if let Some(deadline) = self.deadline.filter(|at| *at < first.0) {
            let started = self.starts_at().is_some_and(|start| start < deadline);
            first = (deadline, if started { "canceled" } else { "aborted" });
        }
        match self.canceled_at {
            Some(at) if at < first.0 => (at, "canceled"),
            _ => first,
        }
    }

    fn ends_by_itself_at(&self) -> i64 {
        let drawing = self.drawing_time_ms;
        match self.behaviour {
            Behaviour::OkAfter(0) | Behaviour::WebhookBeforeResponse => self.created_at,
            Behaviour::OkAfter(_) => self.ended_by_poll_at.unwrap_or(i64::MAX),
            Behaviour::SlowColdStart => self.created_at + 9 * drawing,
            Behaviour::UnknownStatus => self.created_at + 3 * drawing,
            _ => self.created_at + drawing,
        }
    }

    fn own_end(&self) -> &'static str {
        match self.behaviour {
            Behaviour::FailNsfw | Behaviour::FailInfra | Behaviour::FailRepeating => "failed",
            Behaviour::Aborted => "aborted",
            _ => "succeeded",
        }
    }

    /// The next moment at which it changes by itself.
    pub(super) fn next_change_after(&self, now: i64) -> Option<i64> {
        let (end, _) = self.ends();
        let moments = [self.starts_at(), Some(end).filter(|at| *at < i64::MAX)];
        moments.into_iter().flatten().filter(|at| *at > now).min()
    }

    /// Whether inputs and outputs have been removed by `now`.
    pub(super) fn is_removed(&self, now: i64) -> bool {
        match self.at(now).ended_at {
            Some(_) if self.behaviour == Behaviour::ExpiredOutput => true,
            Some(ended_at) => now - ended_at >= KEPT_MS,
            None => false,
        }
    }

    /// What a poll sees at `now`.
    pub(super) fn polled(&self, now: i64, url: &str) -> Value {
        if self.behaviour == Behaviour::WebhookOnly && !self.announced && self.webhook.is_some() {
            let unfinished = Moment {
                status: "processing",
                started_at: self.starts_at().filter(|at| *at <= now),
                ended_at: None,
            };
            return self.object(&unfinished, now, url);
        }
        self.object(&self.at(now), now, url)
    }

    /// The object as the API and the webhooks show it.
    pub(super) fn object(&self, moment: &Moment, now: i64, url: &str) -> Value {
        let removed = moment.is_over() && self.is_removed(now);
        let succeeded = moment.status == "succeeded";
        let mut object = json!({
            "id": self.id,
            "model": self.model,
            "version": self.version,
            "input": if removed { json!({}) } else { self.input.clone() },
            "logs": self.logs(moment),
            "output": if succeeded && !removed { self.output(url) } else { Value::Null },
            "data_removed": removed,
            "error": self.error(moment),
            "source": "api",
            "status": moment.status,
            "created_at": rfc3339(self.created_at),
            "urls": self.urls(url),
        });
        if let Some(started_at) = moment.started_at {
            object["started_at"] = json!(rfc3339(started_at));
        }
        if let Some(ended_at) = moment.ended_at {
            object["completed_at"] = json!(rfc3339(ended_at));
            object["metrics"] = self.metrics(moment, ended_at);
        }
        if let Some(deadline) = self.deadline {
            object["deadline"] = json!(rfc3339(deadline));
        }
        object
    }

    /// The shorter object with which a create is answered before the end.
    pub(super) fn accepted(&self, now: i64, url: &str) -> Value {
        let mut object = self.object(&self.at(now), now, url);
        if let Some(fields) = object.as_object_mut() {
            for later in ["output", "metrics", "started_at", "completed_at"] {
                fields.remove(later);
            }
        }
        object["status"] = json!("starting");
        object["logs"] = json!("");
        object
    }

    fn urls(&self, url: &str) -> Value {
        json!({
            "get": format!("{url}/v1/predictions/{}", self.id),
            "cancel": format!("{url}/v1/predictions/{}/cancel", self.id),
            "web": format!("https://replicate.com/p/{}", self.id),
        })
    }

    fn output(&self, url: &str) -> Value {
        let wanted = input::number_of_outputs(&self.input);
        let count = match self.behaviour {
            Behaviour::PartialList => (wanted - 1).max(1),
            _ => wanted,
        };
        let extension = input::extension(&self.model, &self.input);
        let name = |index: u64| format!("{url}/files/{}/out-{index}.{extension}", self.id);
        let form = match self.behaviour {
            Behaviour::StringOutput => OutputForm::Text,
            _ => input::output_form(&self.model).unwrap_or(OutputForm::List),
        };
        match form {
            OutputForm::Text => json!(name(0)),
            OutputForm::List => (0..count).map(name).collect(),
        }
    }

    fn error(&self, moment: &Moment) -> Value {
        match (moment.status, self.behaviour) {
            ("failed", Behaviour::FailNsfw) => json!(
                "All generated images contained NSFW content. Try running it again with a different prompt."
            ),
            ("failed", Behaviour::FailRepeating) => {
                json!(format!("Invalid prompt: {}", self.input["prompt"]))
            }
            ("failed", _) => json!("Prediction failed to start in time. (E6716)"),
            _ => Value::Null,
        }
    }

    fn logs(&self, moment: &Moment) -> String {
        match moment.started_at {
            None => String::new(),
            Some(_) => format!("Using seed: {}\n", input::seed(&self.input)),
        }
    }

    fn metrics(&self, moment: &Moment, ended_at: i64) -> Value {
        let total = seconds(ended_at - self.created_at);
        match moment.started_at {
            Some(start) => json!({"predict_time": seconds(ended_at - start), "total_time": total}),
            None => json!({"total_time": total}),
        }
    }
}

fn seconds(ms: i64) -> f64 {
    std::time::Duration::from_millis(ms.unsigned_abs()).as_secs_f64()
}

/// `2026-11-22T14:03:05.123Z`.
pub(super) fn rfc3339(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(String::new, |time| {
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
    })
}
