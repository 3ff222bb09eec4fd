//! The words that an image model is given.

use domain::{
    avatar::Profile,
    personal::Personal,
    policy::{Decision, Field, Input, Pack, Scores, Stage, evaluate},
    prompt::{anchors, reference_prompt, scene_prompt},
    values::{Age, Appearance, Gender, Nationality, Personality, Prompt, Scene},
};

#[test]
fn a_reference_prompt_describes_the_face() {
    insta::assert_snapshot!(reference_prompt(&amelie()).unwrap(), @"Portrait photograph of an adult woman, 25 years old, French. Appearance: long auburn hair, green eyes, freckles. Head and shoulders, facing the camera, soft even light, plain background. adult, age 25, fully clothed.");
}

#[test]
fn a_scene_prompt_describes_the_same_person_in_the_scene() {
    insta::assert_snapshot!(scene_prompt(&amelie(), &beach()).unwrap(), @"Photograph of an adult woman, 25 years old, French. Appearance: long auburn hair, green eyes, freckles. Scene: walking along the beach at sunset, in a linen shirt. Half-length view, natural light, same face as in the reference picture. adult, age 25, fully clothed.");
}

#[test]
fn a_prompt_is_one_line_of_sentences_however_the_words_were_typed() {
    let profile = Profile {
        gender: Personal::new(" Male".parse().unwrap()),
        appearance: Personal::new("tall,\nblack beard.".parse().unwrap()),
        ..amelie()
    };
    let scene = "in a library...\n\nreading".parse().unwrap();

    insta::assert_snapshot!(scene_prompt(&profile, &scene).unwrap(), @"Photograph of an adult man, 25 years old, French. Appearance: tall, black beard. Scene: in a library... reading. Half-length view, natural light, same face as in the reference picture. adult, age 25, fully clothed.");
}

#[test]
fn the_noun_follows_the_gender_in_the_users_words() {
    for (gender, noun) in [
        ("woman", "adult woman,"),
        ("Female", "adult woman,"),
        ("m", "adult man,"),
        ("trans woman", "adult trans woman,"),
        ("non-binary", "adult non-binary person,"),
        ("non-binary person", "adult non-binary person,"),
    ] {
        let profile = Profile {
            gender: Personal::new(gender.parse().unwrap()),
            ..amelie()
        };
        let prompt = reference_prompt(&profile).unwrap();

        assert!(prompt.as_str().contains(noun), "{gender}: {prompt}");
    }
}

#[test]
fn every_prompt_states_age_and_anchors_exactly_once_and_passes_the_final_check() {
    for years in 20..=120 {
        let profile = Profile {
            age: age(years),
            ..amelie()
        };
        for prompt in [
            reference_prompt(&profile).unwrap(),
            scene_prompt(&profile, &beach()).unwrap(),
        ] {
            let count = |words: &str| prompt.as_str().matches(words).count();

            assert_eq!(count(&format!("{years} years old")), 1, "{prompt}");
            assert_eq!(count(&anchors(age(years))), 1, "{prompt}");
            assert_eq!(count("fully clothed"), 1, "{prompt}");
            let input = Input {
                stage: Stage::FinalPrompt,
                fields: &[Field {
                    name: "prompt",
                    text: prompt.as_str(),
                }],
                avatar_age: profile.age,
                locale: "en",
                external_scores: &Scores::NotAsked,
            };
            let verdict = evaluate(Pack::current(), &input);
            assert_eq!(
                verdict.decision,
                Decision::Allow,
                "{prompt}: {:?}",
                verdict.rules
            );
        }
    }
}

#[test]
fn the_name_and_the_personality_stay_out_of_the_prompt() {
    let prompt = scene_prompt(&amelie(), &beach()).unwrap();

    assert!(!prompt.as_str().contains("Amélie"));
    assert!(!prompt.as_str().contains("playful"));
}

#[test]
fn the_longest_words_fit() {
    let profile = Profile {
        gender: Personal::new(long::<Gender>(Gender::MAX_CHARS)),
        nationality: Personal::new(long::<Nationality>(Nationality::MAX_CHARS)),
        appearance: Personal::new(long::<Appearance>(Appearance::MAX_CHARS)),
        ..amelie()
    };
    let prompt = scene_prompt(&profile, &long::<Scene>(Scene::MAX_CHARS)).unwrap();

    assert!(prompt.as_str().chars().count() <= Prompt::MAX_CHARS);
    assert!(prompt.as_str().ends_with("fully clothed."));
}

#[test]
fn an_erased_person_has_no_prompt() {
    let erased = Profile {
        appearance: Personal::erased(),
        ..amelie()
    };

    assert_eq!(reference_prompt(&erased), None);
    assert_eq!(scene_prompt(&erased, &beach()), None);
}

fn amelie() -> Profile {
    Profile {
        name: Personal::new("Amélie".parse().unwrap()),
        age: age(25),
        gender: Personal::new("woman".parse().unwrap()),
        nationality: Personal::new("French".parse().unwrap()),
        appearance: Personal::new("long auburn hair, green eyes, freckles".parse().unwrap()),
        personality: Personality::Playful,
    }
}

fn beach() -> Scene {
    "walking along the beach at sunset, in a linen shirt"
        .parse()
        .unwrap()
}

fn age(years: i64) -> Age {
    Age::try_from(years).unwrap()
}

fn long<T: std::str::FromStr<Err: std::fmt::Debug>>(chars: usize) -> T {
    "ß".repeat(chars).parse().unwrap()
}
