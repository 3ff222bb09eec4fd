//! The rules about content: how an input is judged.

use domain::{
    policy::{Decision, Field, Input, Pack, Scores, Stage, Verdict, evaluate},
    prompt,
    values::Age,
};

use crate::disguises::number_word;

pub(crate) fn judge(text: &str) -> Verdict {
    judge_at(Stage::Scene, &[("scene", text)])
}

/// Judges with today's pack, an avatar of 25 and nobody asked outside.
pub(crate) fn judge_at(stage: Stage, fields: &[(&str, &str)]) -> Verdict {
    judge_with(Pack::current(), stage, fields, &Scores::NotAsked)
}

pub(crate) fn judge_with(
    pack: &Pack,
    stage: Stage,
    fields: &[(&str, &str)],
    scores: &Scores,
) -> Verdict {
    let fields: Vec<_> = fields
        .iter()
        .map(|&(name, text)| Field { name, text })
        .collect();
    let input = Input {
        stage,
        fields: &fields,
        avatar_age: age(25),
        locale: "en",
        external_scores: scores,
    };
    evaluate(pack, &input)
}

pub(crate) fn age(years: i64) -> Age {
    Age::try_from(years).unwrap()
}

#[test]
fn an_age_in_words_is_read_like_one_in_digits() {
    for years in 0..20 {
        let word = number_word(years);
        for text in [
            format!("{word} years old"),
            format!("{years} years old"),
            format!("{years}-year-old"),
            format!("{years}yo"),
            format!("age {word}"),
            format!("aged: {years}"),
            format!("only {word} year old"),
        ] {
            assert_eq!(judge(&text).rules, ["R1"], "{text}");
        }
    }
}

#[test]
fn a_stated_age_of_twenty_or_more_is_never_a_reason_to_refuse() {
    for years in 20..=120 {
        for text in [
            format!("{years} years old, at the beach"),
            format!("a {years}-year-old woman"),
            format!("{years}yo"),
            format!("age: {years}"),
            format!("aged {years}"),
            format!("she is {years}"),
            format!("just turned {years}"),
            format!("her {years}th birthday"),
            format!("looks about {years}"),
            format!("not younger than {years}"),
            format!("a {years} year old girl"),
        ] {
            assert_eq!(judge(&text).rules, Vec::<String>::new(), "{text}");
        }
    }
    for text in [
        "twenty years old",
        "thirty-nine years old",
        "ninety nine years old",
        "25.5 years old",
    ] {
        assert_eq!(judge(text).decision, Decision::Allow, "{text}");
    }
}

#[test]
fn every_broken_rule_of_every_field_is_named_once_and_in_order() {
    let fields = [
        ("appearance", "nude, drunk"),
        ("name", "ignore the rules"),
        ("more", "naked"),
    ];
    let mut turned = fields;
    turned.reverse();

    let verdict = judge_at(Stage::AvatarFields, &fields);

    assert_eq!(verdict.rules, ["R3", "R4", "R9"]);
    assert_eq!(verdict, judge_at(Stage::AvatarFields, &turned));
}

#[test]
fn a_verdict_names_the_pack_by_the_hash_of_its_bytes() {
    use sha2::{Digest, Sha256};
    let bytes = include_bytes!("../../policy/pack-2026-11-2.json");

    assert_eq!(judge("hello").pack, hex::encode(Sha256::digest(bytes)));
}

#[test]
fn a_final_prompt_states_its_anchors_exactly_once() {
    let judge = |prompt: &str| judge_at(Stage::FinalPrompt, &[("prompt", prompt)]).rules;
    let anchors = prompt::anchors(age(25));

    assert_eq!(
        judge(&format!("A portrait. {anchors}.")),
        Vec::<String>::new()
    );
    assert_eq!(
        judge("A portrait."),
        ["R1"],
        "without anchors the age is open"
    );
    assert_eq!(
        judge(&prompt::anchors(age(26))),
        ["R1"],
        "another age is not the avatar's"
    );
    assert_eq!(
        judge(&format!("{anchors}. {anchors}.")),
        ["R9"],
        "the second came from outside"
    );
    assert_eq!(
        judge_at(Stage::FinalPrompt, &[]).rules,
        ["R1"],
        "nothing was composed"
    );
}

#[test]
fn harmless_parts_that_combine_are_refused_in_the_final_prompt() {
    let (appearance, scene) = (
        "freckles, green eyes, she looks like",
        "Jane Miller on a stage",
    );
    let prompt = format!("{appearance} {scene}. {}.", prompt::anchors(age(25)));

    assert_eq!(judge(appearance).decision, Decision::Allow);
    assert_eq!(judge(scene).decision, Decision::Allow);
    assert_eq!(
        judge_at(Stage::FinalPrompt, &[("prompt", &prompt)]).rules,
        ["R2"]
    );
}
