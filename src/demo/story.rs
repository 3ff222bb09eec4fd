//! What each of the people does, from signing in to as far as they come.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Guest,
    cast::{Chapter, Part},
    client::{Person, Stage},
};
use crate::failure::Failure;

/// How a picture is to end.
#[derive(Clone, Copy)]
enum End {
    Delivered,
    Failed,
    Refused,
    Canceled,
}

impl End {
    const fn status(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Canceled => "canceled",
        }
    }
}

/// Plays one part.
///
/// # Errors
/// As [`super::fill`].
pub(super) async fn play(stage: &Stage, part: &Part) -> Result<Guest, Failure> {
    let player = Player {
        person: stage.sign_in(&part.email).await?,
        part,
    };
    player.play().await?;
    player.guest().await
}

struct Player<'a> {
    person: Person<'a>,
    part: &'a Part,
}

impl Player<'_> {
    async fn play(&self) -> Result<(), Failure> {
        match self.part.chapter {
            Chapter::Arrived => Ok(()),
            Chapter::Designing => self.design().await,
            Chapter::Choosing => {
                self.design().await?;
                self.reference("reference-1").await?;
                self.reference("reference-2").await.map(drop)
            }
            Chapter::BeforeThePaywall => self.approve().await,
            Chapter::LeftTheCheckout => {
                self.approve().await?;
                self.checkout("monthly").await.map(drop)
            }
            Chapter::Incomplete => {
                self.approve().await?;
                self.pays("monthly", "incomplete", "incomplete")
                    .await
                    .map(drop)
            }
            Chapter::OnTrial => {
                self.subscribe("light", "trialing").await?;
                self.scenes(2).await
            }
            Chapter::Talking => {
                self.subscribe("monthly", "active").await?;
                self.talk(3, 2).await
            }
            Chapter::Collecting => {
                self.subscribe("yearly", "active").await?;
                self.scenes(7).await
            }
            Chapter::LongHistory => {
                self.subscribe("yearly", "active").await?;
                self.scenes(9).await?;
                self.talk(8, 6).await
            }
            Chapter::EndsWithThePeriod => {
                self.subscribe("monthly", "active").await?;
                self.scenes(1).await?;
                let survey = json!({"survey": {"reason": "unused", "comment": "It was lovely, and I am travelling."}});
                self.person
                    .order("cancel", Method::POST, "/billing/cancel", &survey)
                    .await
                    .map(drop)
            }
            Chapter::PastDue => self.moved_on(&["fail"], "past_due").await,
            Chapter::Recovered => self.moved_on(&["fail", "recover"], "active").await,
            Chapter::Canceled => self.moved_on(&["cancel"], "canceled").await,
            Chapter::Refunded => self.moved_on(&["refund"], "active").await,
            Chapter::PictureFailed => self.picture_that("fail_infra", End::Failed).await,
            Chapter::PictureRefused => self.picture_that("fail_nsfw", End::Refused).await,
            Chapter::PictureCanceled => self.called_off().await,
        }
    }

    async fn design(&self) -> Result<(), Failure> {
        self.person
            .order("design", Method::POST, "/avatars", &self.part.companion)
            .await
            .map(drop)
    }

    /// A reference picture, once it is delivered and the companion knows it.
    async fn reference(&self, step: &str) -> Result<Value, Failure> {
        let asked = self
            .person
            .order(
                step,
                Method::POST,
                "/avatars/me/reference-image",
                &json!({}),
            )
            .await?;
        let picture = self.ended(asked, End::Delivered).await?;
        let known = |avatar: &Value| {
            let history = avatar["reference_history"].as_array();
            let mut ids = history.into_iter().flatten().map(|one| &one["photo_id"]);
            ids.any(|id| *id == picture["id"])
        };
        self.person
            .wait_for("/avatars/me", "the reference picture", known)
            .await?;
        Ok(picture)
    }

    async fn approve(&self) -> Result<(), Failure> {
        self.design().await?;
        let picture = self.reference("reference-1").await?;
        let choice = json!({ "photo_id": picture["id"] });
        let path = "/avatars/me/reference-image/approval";
        self.person
            .order("approve", Method::POST, path, &choice)
            .await
            .map(drop)
    }

    async fn standing(&self) -> Result<String, Failure> {
        let shown = self.person.get("/billing/subscription").await?;
        let shown = shown.unwrap_or_default();
        Ok(shown["status"].as_str().unwrap_or("none").to_owned())
    }

    /// The provider's page; none when it was paid before.
    async fn checkout(&self, plan: &str) -> Result<Option<String>, Failure> {
        let wanted = json!({ "plan": plan });
        let page = self
            .person
            .order("checkout", Method::POST, "/billing/checkout", &wanted)
            .await?;
        Ok(page.and_then(|page| page["session_id"].as_str().map(str::to_owned)))
    }

    /// Goes through the provider's page; answers with the subscription that begins, unless one had begun before.
    async fn pays(
        &self,
        plan: &str,
        outcome: &str,
        status: &str,
    ) -> Result<Option<String>, Failure> {
        if self.standing().await? != "none" {
            return Ok(None);
        }
        let Some(session) = self.checkout(plan).await? else {
            return Ok(None);
        };
        let path = format!("stripe/sessions/{session}/complete");
        let order = json!({ "outcome": outcome });
        let completed = self.person.stage.control(&path, &order).await?;
        self.stands(status).await?;
        Ok(completed["subscription"].as_str().map(str::to_owned))
    }

    async fn stands(&self, status: &str) -> Result<(), Failure> {
        let wanted = |shown: &Value| shown["status"] == status;
        self.person
            .wait_for("/billing/subscription", status, wanted)
            .await
            .map(drop)
    }

    async fn subscribe(&self, plan: &str, status: &str) -> Result<(), Failure> {
        self.approve().await?;
        self.pays(plan, "paid", status).await.map(drop)
    }

    /// Pays, gets a picture, and then things happen to the subscription.
    async fn moved_on(&self, steps: &[&str], status: &str) -> Result<(), Failure> {
        self.approve().await?;
        let Some(subscription) = self.pays("monthly", "paid", "active").await? else {
            return Ok(());
        };
        self.scenes(1).await?;
        for step in steps {
            let path = format!("stripe/subscriptions/{subscription}/{step}");
            self.person.stage.control(&path, &json!({})).await?;
            if *step == "fail" {
                self.stands("past_due").await?;
            }
        }
        self.stands(status).await
    }

    /// So many pictures of scenes.
    async fn scenes(&self, count: usize) -> Result<(), Failure> {
        for (nth, scene) in self.part.scenes.iter().take(count).enumerate() {
            self.scene(nth, scene, End::Delivered).await?;
        }
        Ok(())
    }

    async fn scene(&self, nth: usize, scene: &str, end: End) -> Result<Value, Failure> {
        let asked = self.wish(nth, scene).await?;
        self.ended(asked, end).await
    }

    async fn wish(&self, nth: usize, scene: &str) -> Result<Option<Value>, Failure> {
        let (step, wish) = (format!("scene-{nth}"), json!({ "scene": scene }));
        self.person
            .order(&step, Method::POST, "/photos", &wish)
            .await
    }

    /// The picture, once it has ended so; when it was asked for before, as it ended then.
    async fn ended(&self, asked: Option<Value>, end: End) -> Result<Value, Failure> {
        let Some(id) = asked.as_ref().and_then(|photo| photo["id"].as_str()) else {
            return Ok(Value::Null);
        };
        let status = end.status();
        let gone = json!({ "id": id, "status": status });
        let path = format!("/photos/{id}");
        if self.person.get(&path).await?.is_none() {
            return Ok(gone); // deleted in a run before this one
        }
        self.person
            .wait_for(&path, status, |photo| photo["status"] == status)
            .await
    }

    /// A picture for which the provider misbehaves, and one for which it does not.
    async fn picture_that(&self, behaviour: &str, end: End) -> Result<(), Failure> {
        self.subscribe("monthly", "active").await?;
        self.scenes(1).await?;
        let misbehave = |behaviour: &str| json!({ "behaviour": behaviour });
        let stage = self.person.stage;
        stage
            .control("replicate/default", &misbehave(behaviour))
            .await?;
        let ended = self.scene(1, self.part.scenes[1], end).await;
        stage
            .control("replicate/default", &misbehave("ok_sync"))
            .await?;
        ended.map(drop)
    }

    async fn called_off(&self) -> Result<(), Failure> {
        self.subscribe("monthly", "active").await?;
        let first = self.scene(0, self.part.scenes[0], End::Delivered).await?;
        let (slow, usual) = (
            json!({"behaviour": "slow_cold_start"}),
            json!({"behaviour": "ok_sync"}),
        );
        let stage = self.person.stage;
        stage.control("replicate/default", &slow).await?;
        let called_off = self.call_off(1).await;
        stage.control("replicate/default", &usual).await?;
        called_off?;
        let path = format!("/photos/{}", first["id"].as_str().unwrap_or_default());
        match self.person.get(&path).await? {
            Some(_) => {
                let nothing = json!({});
                let deleted = self.person.order("delete", Method::DELETE, &path, &nothing);
                deleted.await.map(drop)
            }
            None => Ok(()),
        }
    }

    async fn call_off(&self, nth: usize) -> Result<(), Failure> {
        let wish = self.wish(nth, self.part.scenes[nth]).await?;
        let Some(id) = wish.as_ref().and_then(|photo| photo["id"].as_str()) else {
            return Ok(());
        };
        let (path, nothing) = (format!("/photos/{id}/cancel"), json!({}));
        self.person
            .order("call-off", Method::POST, &path, &nothing)
            .await?;
        self.ended(wish, End::Canceled).await.map(drop)
    }

    /// Says so much as a friend, then so much as more than that, and asks for a picture in the end.
    async fn talk(&self, friendly: usize, intimate: usize) -> Result<(), Failure> {
        for (nth, line) in self.part.friendly.iter().take(friendly).enumerate() {
            self.say(&format!("friendly-{nth}"), line).await?;
        }
        self.turn_to("intimate").await?;
        for (nth, line) in self.part.intimate.iter().take(intimate).enumerate() {
            self.say(&format!("intimate-{nth}"), line).await?;
        }
        self.say("ask", "Send me a photo of you at the beach, please.")
            .await?;
        let with_picture = |page: &Value| {
            let messages = page["items"].as_array();
            messages
                .into_iter()
                .flatten()
                .any(|message| message["photo"]["status"] == "delivered")
        };
        self.person
            .wait_for("/chat/messages?limit=100", "the picture", with_picture)
            .await
            .map(drop)
    }

    async fn turn_to(&self, mode: &str) -> Result<(), Failure> {
        let order = json!({ "mode": mode });
        self.person
            .order(&format!("turn-{mode}"), Method::PATCH, "/chat", &order)
            .await
            .map(drop)
    }

    /// Says something, and waits for what is said to it.
    async fn say(&self, step: &str, text: &str) -> Result<(), Failure> {
        let words = json!({ "text": text });
        self.person
            .order(step, Method::POST, "/chat/messages", &words)
            .await?;
        let answered = |chat: &Value| {
            chat["unanswered"]
                .as_array()
                .is_some_and(|waiting| waiting.is_empty())
        };
        self.person
            .wait_for("/chat", "an answer", answered)
            .await
            .map(drop)
    }

    /// What has become of it.
    async fn guest(&self) -> Result<Guest, Failure> {
        let subscription = self.standing().await?;
        let open = matches!(subscription.as_str(), "active" | "trialing" | "past_due");
        let (mut photos, mut messages) = (0, 0);
        if open {
            photos = self.count("/photos?limit=100").await?;
            messages = self.count("/chat/messages?limit=100").await?;
        }
        Ok(Guest {
            email: self.part.email.clone(),
            chapter: self.part.chapter,
            subscription,
            photos,
            messages,
        })
    }

    async fn count(&self, path: &str) -> Result<usize, Failure> {
        let page = self.person.get(path).await?.unwrap_or_default();
        Ok(page["items"].as_array().map_or(0, Vec::len))
    }
}
