//! The avatar's fields as they are sent, and as checked values.

use domain::{
    avatar::{Profile, ProfileChanges},
    personal::Personal,
    values::{Age, Invalid, Personality},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    body::{Fields, text, whole_number},
    problem::{Code, Problem},
};

/// An avatar to be designed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct NewAvatar {
    /// What the companion is called.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// In years. Nobody younger than 20 exists in this system.
    #[schema(minimum = 20, maximum = 120)]
    age: u8,
    /// In the person's words.
    #[schema(min_length = 1, max_length = 50)]
    gender: String,
    /// In the person's words.
    #[schema(min_length = 1, max_length = 100)]
    nationality: String,
    /// What the companion looks like, in the person's words.
    #[schema(min_length = 1, max_length = 2000)]
    appearance: String,
    personality: PersonalityWord,
}

/// The fields of an avatar that change; the others stay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct AvatarChanges {
    /// What the companion is called.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    /// In years. Nobody younger than 20 exists in this system.
    #[schema(minimum = 20, maximum = 120, nullable = false)]
    age: Option<u8>,
    /// In the person's words.
    #[schema(min_length = 1, max_length = 50, nullable = false)]
    gender: Option<String>,
    /// In the person's words.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    nationality: Option<String>,
    /// What the companion looks like, in the person's words.
    #[schema(min_length = 1, max_length = 2000, nullable = false)]
    appearance: Option<String>,
    #[schema(nullable = false)]
    personality: Option<PersonalityWord>,
}

/// A reference picture to be approved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct ApproveReferenceImage {
    /// One of the avatar's delivered reference pictures.
    photo_id: uuid::Uuid,
}

/// How the companion behaves.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Personality)]
pub(crate) enum PersonalityWord {
    Playful,
    Dominant,
    Shy,
    Caring,
    Intellectual,
    Adventurous,
}

/// A whole profile.
pub(super) fn of_new(mut fields: Fields) -> Result<Profile, Problem> {
    let name = fields.required("name", text);
    let age = fields.required("age", age);
    let gender = fields.required("gender", text);
    let nationality = fields.required("nationality", text);
    let appearance = fields.required("appearance", text);
    let personality = fields.required("personality", personality);
    fields.finish()?;
    let profile = || {
        Some(Profile {
            name: Personal::new(name?),
            age: age?,
            gender: Personal::new(gender?),
            nationality: Personal::new(nationality?),
            appearance: Personal::new(appearance?),
            personality: personality?,
        })
    };
    // `finish` has named every field that is none.
    profile().ok_or_else(|| Problem::plain(Code::InvalidBody))
}

/// Some fields of a profile.
pub(super) fn of_changes(mut fields: Fields) -> Result<ProfileChanges, Problem> {
    let changes = ProfileChanges {
        name: fields.optional("name", text).map(Personal::new),
        age: fields.optional("age", age),
        gender: fields.optional("gender", text).map(Personal::new),
        nationality: fields.optional("nationality", text).map(Personal::new),
        appearance: fields.optional("appearance", text).map(Personal::new),
        personality: fields.optional("personality", personality),
    };
    fields.finish()?;
    Ok(changes)
}

fn age(value: &Value) -> Result<Age, Invalid> {
    Age::try_from(whole_number(value).unwrap_or(-1))
}

fn personality(value: &Value) -> Result<Personality, Invalid> {
    // A word that is no text is as unknown as any other.
    value.as_str().unwrap_or_default().parse()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
    use serde_json::json;

    use super::*;
    use crate::examples;

    fn fields(body: &Value) -> Fields {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        crate::body::fields(&headers, body.to_string().as_bytes()).expect("an object")
    }

    fn bad_fields(problem: &Problem) -> Vec<&str> {
        let errors = problem.document().errors.iter();
        errors
            .filter_map(|error| error.pointer.as_deref())
            .collect()
    }

    #[test]
    fn the_documented_example_is_valid() {
        let profile = of_new(fields(&examples::new_avatar())).expect("valid");
        assert_eq!(profile.age.years(), 25);
        of_changes(fields(&examples::avatar_changes())).expect("valid");
    }

    #[test]
    fn nobody_is_younger_than_20_or_older_than_120() {
        for age in [
            json!(19),
            json!(121),
            json!("25"),
            json!(25.5),
            json!(null),
            json!(-1),
        ] {
            let mut body = examples::new_avatar();
            body["age"] = age.clone();
            let problem = of_new(fields(&body)).expect_err("an age out of range");
            assert_eq!(bad_fields(&problem), ["/age"], "{age}");
        }
    }

    #[test]
    fn all_bad_fields_are_named_at_once() {
        let body =
            json!({"age": "x", "name": "", "personality": 7, "gender": null, "eyes": "green"});
        let problem = of_new(fields(&body)).expect_err("bad fields");
        let expected = [
            "/name",
            "/age",
            "/gender",
            "/nationality",
            "/appearance",
            "/personality",
            "/eyes",
        ];
        assert_eq!(bad_fields(&problem), expected);
        let problem = of_changes(fields(&body)).expect_err("bad fields");
        let expected = ["/name", "/age", "/gender", "/personality", "/eyes"];
        assert_eq!(bad_fields(&problem), expected);
    }

    #[test]
    fn the_described_words_and_limits_are_those_of_the_domain() {
        let words: Vec<_> = Personality::ALL.iter().map(|word| json!(word)).collect();
        let document = json!(crate::openapi());
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Personality"]["enum"], json!(words));
        for schema in ["NewAvatar", "AvatarChanges"] {
            let properties = &schemas[schema]["properties"];
            use domain::values::{Appearance, AvatarName, Gender, Nationality};
            for (field, max) in [
                ("name", AvatarName::MAX_CHARS),
                ("gender", Gender::MAX_CHARS),
                ("nationality", Nationality::MAX_CHARS),
                ("appearance", Appearance::MAX_CHARS),
            ] {
                assert_eq!(
                    properties[field]["maxLength"],
                    json!(max),
                    "{schema}.{field}"
                );
            }
            assert_eq!(properties["age"]["minimum"], json!(Age::MIN));
            assert_eq!(properties["age"]["maximum"], json!(Age::MAX));
        }
    }
}
