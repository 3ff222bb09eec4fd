//! The people of the test, their tokens, and the things that requests name.

use std::collections::{BTreeSet, HashMap};

use application::ports::{Role, TokenIssuer};
use chrono::{TimeDelta, Utc};
use domain::photo_request::FailureClass;
use infrastructure::identity::{DevelopmentIssuer, SharedSecret};
use sandbox::{
    SandboxConfig,
    portrait::{self, Format, Order},
    standard_webhook_signature, stripe_signature_header,
};
use serde_json::json;

use super::table::{About, Caller, Row};
use crate::{
    person::{Person, avatar},
    test_app::{SECRET, TestApp},
};

/// A header and claims of `{"alg":"none","typ":"JWT"}`.
const HEADER_WITHOUT_ALGORITHM: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";

/// Four people: the owner, somebody else, an auditor and an operator.
pub struct Cast<'a> {
    people: [Person<'a>; 4],
    owners_email: String,
}

/// What a request names, by the placeholder that stands for it.
#[derive(Default, Clone)]
pub struct Subject {
    pub ids: HashMap<&'static str, String>,
    /// Instead of the path of the document.
    pub path: Option<String>,
    /// Instead of the line's body.
    pub picture: Option<Vec<u8>>,
    pub headers: Vec<(&'static str, String)>,
}

impl<'a> Cast<'a> {
    async fn sign_in(app: &'a TestApp, name: &str) -> Self {
        let owners_email = format!("owner{name}@example.com");
        let somebody = async |who: &str, roles: &[&str]| {
            app.sign_in_as(&format!("{who}{name}@example.com"), roles)
                .await
        };
        Self {
            people: [
                app.sign_in(&owners_email).await,
                somebody("other", &[]).await,
                somebody("auditor", &["auditor"]).await,
                somebody("operator", &["operator"]).await,
            ],
            owners_email,
        }
    }

    /// Four people who have everything.
    pub async fn furnished(app: &'a TestApp) -> Self {
        let cast = Self::sign_in(app, "").await;
        for person in &cast.people {
            begin(person).await;
            app.pay(&person.payment_page().await).await;
            person.order("/billing/sync").await.expect(200);
            let photo = person.scene().await;
            person.deliver(&photo).await;
            let report = json!({"subject": {"kind": "photo", "id": photo}, "reason": "other"});
            person.post("/reports", report).await.expect(201);
            let greeting = json!({"text": "hello"});
            person.post("/chat/messages", greeting).await.expect(202);
        }
        app.settle().await;
        cast
    }

    /// Four people for one line alone, when it needs some.
    pub async fn for_row(app: &'a TestApp, about: About, number: usize) -> Option<Self> {
        match about {
            About::Newcomer => Some(Self::sign_in(app, &number.to_string()).await),
            About::Beginner => {
                let cast = Self::sign_in(app, &number.to_string()).await;
                for person in &cast.people {
                    begin(person).await;
                }
                Some(cast)
            }
            About::Own
            | About::FreshPhoto
            | About::RequestedPhoto
            | About::FailedPhoto
            | About::FreshReference
            | About::Picture
            | About::Signed
            | About::Forged => None,
        }
    }

    pub const fn owner(&self) -> &Person<'a> {
        &self.people[0]
    }

    pub fn ids(&self) -> Vec<String> {
        let people = self.people.iter();
        people.map(|person| person.id.to_string()).collect()
    }

    /// Who that is; none for those whom a token is missing or is worth nothing.
    pub const fn person(&self, caller: Caller) -> Option<&Person<'a>> {
        match caller {
            Caller::Owner => Some(&self.people[0]),
            Caller::Other => Some(&self.people[1]),
            Caller::Auditor => Some(&self.people[2]),
            Caller::Operator => Some(&self.people[3]),
            Caller::Anonymous
            | Caller::Expired
            | Caller::Changed
            | Caller::Unsigned
            | Caller::Foreign => None,
        }
    }

    /// What the caller sends as a token.
    pub fn token(&self, caller: Caller) -> Option<String> {
        if let Some(person) = self.person(caller) {
            return Some(person.token.clone());
        }
        let signed = |secret: &str, age: TimeDelta| {
            let issuer = DevelopmentIssuer::new(SharedSecret::new(secret).unwrap());
            let roles = BTreeSet::from(Role::ALL);
            let issued = issuer.issue(&self.owners_email, &roles, Utc::now() - age);
            issued.unwrap().access_token
        };
        let parts = |token: &str| -> Vec<String> { token.split('.').map(str::to_owned).collect() };
        let fresh = signed(SECRET, TimeDelta::zero());
        match caller {
            Caller::Expired => Some(signed(SECRET, TimeDelta::hours(13))),
            Caller::Changed => {
                // What was claimed with roles, under the signature of the same person's token without them.
                let (claims, own) = (parts(&fresh), parts(&self.owner().token));
                Some(format!("{}.{}.{}", own[0], claims[1], own[2]))
            }
            Caller::Unsigned => Some(format!("{HEADER_WITHOUT_ALGORITHM}.{}.", parts(&fresh)[1])),
            Caller::Foreign => Some(signed(
                "another secret of thirty-two bytes or more",
                TimeDelta::zero(),
            )),
            Caller::Anonymous
            | Caller::Owner
            | Caller::Other
            | Caller::Auditor
            | Caller::Operator => None,
        }
    }
}

/// Designs an avatar and approves a face.
async fn begin(person: &Person<'_>) {
    person.post("/avatars", avatar()).await.expect(201);
    let photo = person.delivered_reference().await;
    let approval = json!({ "photo_id": photo });
    let path = "/avatars/me/reference-image/approval";
    person.post(path, approval).await.expect(200);
}

/// What a line names of that person's, made for it where it is used up.
pub async fn subject(app: &TestApp, row: &Row, of: &Person<'_>) -> Subject {
    let mut subject = Subject::default();
    let mut photo = reported_photo(of).await;
    match row.about {
        About::FreshPhoto => {
            photo = Some(of.scene().await);
            of.deliver(photo.as_ref().unwrap()).await;
        }
        About::RequestedPhoto => photo = Some(of.scene().await),
        About::FailedPhoto => {
            photo = Some(of.scene().await);
            of.fail(photo.as_ref().unwrap(), FailureClass::Operator)
                .await;
        }
        About::FreshReference => photo = Some(of.delivered_reference().await),
        About::Picture => subject.picture = Some(picture()),
        About::Signed => sign(&mut subject, row, of, photo.as_ref().unwrap()).await,
        About::Forged => subject.headers = forged(),
        About::Own | About::Newcomer | About::Beginner => {}
    }
    app.settle().await;
    let photo = photo.unwrap_or_default();
    subject.ids = HashMap::from([
        ("{report_id}", photo.clone()),
        ("{photo_id}", photo),
        ("{user_id}", of.id.to_string()),
        ("{id}", of.id.to_string()),
        ("{type}", "Avatar".to_owned()),
        ("{name}", "photos".to_owned()),
        ("{webhook_id}", "evt_1".to_owned()),
        ("{position}", "1".to_owned()),
        ("{attempt}", "1".to_owned()),
        ("{code}", "avatar-exists".to_owned()),
    ]);
    subject
}

/// The picture that everybody has who has everything; a report has the id of its subject.
async fn reported_photo(of: &Person<'_>) -> Option<String> {
    let reports = of.get("/reports").await.expect(200).json();
    let oldest = reports["items"].as_array().unwrap().last()?;
    Some(oldest["id"].as_str().unwrap().to_owned())
}

/// Signs as whoever sends such a request does; the address of a picture is taken from the picture.
async fn sign(subject: &mut Subject, row: &Row, of: &Person<'_>, photo: &str) {
    let now = Utc::now().timestamp();
    let secrets = SandboxConfig::default();
    if row.name().ends_with("/image") {
        let shown = of.get(&format!("/photos/{photo}")).await.expect(200).json();
        subject.path = Some(shown["image"]["url"].as_str().unwrap().to_owned());
    } else if row.name().contains("replicate") {
        let secret = secrets.replicate_webhook_secret;
        let signature = standard_webhook_signature(&secret, "msg_1", now, row.body);
        subject.headers = vec![
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", now.to_string()),
            ("webhook-signature", signature),
        ];
    } else {
        let secret = secrets.stripe_webhook_secret;
        let signature = stripe_signature_header(&secret, now, row.body);
        subject.headers = vec![("stripe-signature", signature)];
    }
}

/// Signatures of the right shape that nobody made.
fn forged() -> Vec<(&'static str, String)> {
    let now = Utc::now().timestamp();
    vec![
        ("stripe-signature", format!("t={now},v1={}", "0".repeat(64))),
        ("webhook-id", "msg_9".to_owned()),
        ("webhook-timestamp", now.to_string()),
        (
            "webhook-signature",
            "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
        ),
    ]
}

fn picture() -> Vec<u8> {
    let order = Order {
        prompt: "adult woman, age 40".to_owned(),
        variation: 1,
        width: 256,
        height: 256,
        format: Format::Png,
    };
    portrait::draw(&order).unwrap().to_vec()
}
