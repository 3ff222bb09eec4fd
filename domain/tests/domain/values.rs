//! Checked values and personal ones.

use domain::{
    personal::Personal,
    values::{Age, AvatarName, Invalid, Personality, PhotoId, PlanId, Scene},
};

#[test]
fn nobody_is_younger_than_twenty_or_older_than_a_hundred_and_twenty() {
    for years in [20, 25, 120] {
        assert_eq!(i64::from(Age::try_from(years).unwrap().years()), years);
    }
    for years in [i64::MIN, -1, 0, 19, 121, 256 + 25, i64::MAX] {
        let Invalid(reason) = Age::try_from(years).unwrap_err();
        assert_eq!(reason, "must be a whole number from 20 to 120", "{years}");
    }
}

#[test]
fn a_text_is_trimmed_and_its_length_counts_characters() {
    let longest = "é".repeat(Scene::MAX_CHARS);

    assert_eq!(
        format!("  {longest}\n").parse::<Scene>().unwrap().as_str(),
        longest
    );
    let Invalid(reason) = format!("{longest}é").parse::<Scene>().unwrap_err();
    assert_eq!(reason, "is 501 characters long; send at most 500");
    let Invalid(reason) = " \n\t ".parse::<AvatarName>().unwrap_err();
    assert_eq!(reason, "must not be empty; send 1 to 100 characters");
}

#[test]
fn a_text_may_break_lines_but_not_hide_control_characters() {
    assert_eq!("one\ntwo".parse::<Scene>().unwrap().as_str(), "one\ntwo");
    for hidden in ["a\u{0}b", "a\u{1b}[31mb", "a\tb", "a\rb"] {
        assert!(hidden.parse::<Scene>().is_err(), "{hidden:?}");
    }
}

#[test]
fn a_personality_is_one_of_six_words() {
    for personality in Personality::ALL {
        assert_eq!(personality.as_str().parse(), Ok(personality));
        let json = serde_json::to_string(&personality).unwrap();
        assert_eq!(json, format!("\"{personality}\""));
    }
    assert!("bossy".parse::<Personality>().is_err());
}

#[test]
fn an_id_is_a_uuid() {
    let text = "0199f0c0-0000-7000-8000-000000000001";

    assert_eq!(text.parse::<PhotoId>().unwrap().to_string(), text);
    assert!("photo-1".parse::<PhotoId>().is_err());
}

#[test]
fn stored_values_load_without_a_second_check_so_that_stricter_rules_never_break_history() {
    assert_eq!(serde_json::from_str::<Age>("12").unwrap().years(), 12);
    assert_eq!(serde_json::from_str::<PlanId>("\"\"").unwrap().as_str(), "");
}

#[test]
fn a_personal_value_is_visible_in_json_and_hidden_in_logs() {
    let name = Personal::new("Amélie".parse::<AvatarName>().unwrap());

    assert_eq!(
        serde_json::to_string(&name).unwrap(),
        r#"{"personal":"Amélie"}"#
    );
    assert_eq!(format!("{name:?}"), "Personal(…)");
    assert_eq!(name.to_string(), "Amélie");
}

#[test]
fn an_erased_value_reads_as_erased() {
    let name: Personal<AvatarName> = serde_json::from_str(r#"{"erased":true}"#).unwrap();

    assert_eq!(name, Personal::erased());
    assert_eq!(name.known(), None);
    assert_eq!(name.to_string(), "[erased]");
}
