//! From an avatar and a scene to the words that an image model is given.

use crate::{
    avatar::Profile,
    values::{Age, Gender, Prompt, Scene},
};

/// How a reference picture is framed: the whole face in even light, for later pictures to follow.
const REFERENCE_FRAMING: &str =
    "Head and shoulders, facing the camera, soft even light, plain background";

/// How a picture of a scene is framed.
const SCENE_FRAMING: &str =
    "Half-length view, natural light, same face as in the reference picture";

/// What every prompt states exactly once: an adult of that age, dressed.
pub fn anchors(age: Age) -> String {
    format!("adult, age {age}, fully clothed")
}

/// The prompt of a reference picture; `None` once the person's words were erased.
pub fn reference_prompt(profile: &Profile) -> Option<Prompt> {
    compose("Portrait photograph", profile, None, REFERENCE_FRAMING)
}

/// The prompt of a picture in a scene; `None` once the person's words were erased.
pub fn scene_prompt(profile: &Profile, scene: &Scene) -> Option<Prompt> {
    compose("Photograph", profile, Some(scene), SCENE_FRAMING)
}

fn compose(
    medium: &str,
    profile: &Profile,
    scene: Option<&Scene>,
    framing: &str,
) -> Option<Prompt> {
    let person = person(profile.gender.known()?);
    let age = profile.age;
    let nationality = one_line(profile.nationality.known()?.as_str());
    let appearance = one_line(profile.appearance.known()?.as_str());
    let scene = scene
        .map(|scene| format!(" Scene: {}.", one_line(scene.as_str())))
        .unwrap_or_default();
    let anchors = anchors(age);

    format!(
        "{medium} of an adult {person}, {age} years old, {nationality}. \
         Appearance: {appearance}.{scene} {framing}. {anchors}."
    )
    .parse()
    .ok()
}

/// The noun for a gender in the user's words.
fn person(gender: &Gender) -> String {
    let words = one_line(gender.as_str()).to_lowercase();
    match words.as_str() {
        "female" | "f" => "woman".to_owned(),
        "male" | "m" => "man".to_owned(),
        noun if ["woman", "man", "person"]
            .iter()
            .any(|end| noun.ends_with(end)) =>
        {
            words
        }
        _ => format!("{words} person"),
    }
}

/// The text in one line and without its last full stop, so that it sits inside a sentence.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', ' ']).to_owned()
}
