//! What holds for every text, whatever it says.

use domain::{
    avatar::Profile,
    personal::Personal,
    policy::{Decision, Field, Input, Pack, Scores, Stage, Verdict, evaluate},
    prompt,
    values::{Age, Personality},
};
use proptest::prelude::*;

use crate::policy_corpus::refused;

fn judge(stage: Stage, fields: &[Field<'_>], years: Age) -> Verdict {
    let input = Input {
        stage,
        fields,
        avatar_age: years,
        locale: "en",
        external_scores: &Scores::NotAsked,
    };
    evaluate(Pack::current(), &input)
}

fn stages() -> impl Strategy<Value = Stage> {
    prop_oneof![
        Just(Stage::AvatarFields),
        Just(Stage::Scene),
        Just(Stage::ToolArgs),
        Just(Stage::FinalPrompt),
        Just(Stage::ProviderResult),
        Just(Stage::ChatUser),
        Just(Stage::ChatReply),
    ]
}

fn ages() -> impl Strategy<Value = Age> {
    (20i64..=120).prop_map(|years| Age::try_from(years).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_text_gets_an_answer_and_always_the_same_one(
        text in any::<String>(),
        name in "[a-z]{1,10}|prompt",
        stage in stages(),
        years in ages(),
    ) {
        let fields = [Field { name: &name, text: &text }];
        prop_assert_eq!(judge(stage, &fields, years), judge(stage, &fields, years));
    }

    #[test]
    fn a_refused_fragment_refuses_whatever_stands_around_it(
        row in 0..refused().len(),
        before in "[a-z ]{0,30}",
        after in "[a-z ]{0,30}",
    ) {
        let row = &refused()[row];
        let text = format!("{before}. {}. {after}", row.text);
        prop_assert!(row.judge(&text).decision >= Decision::Refuse, "{}", text);
    }

    #[test]
    fn the_order_of_fields_does_not_matter(
        texts in prop::collection::vec(("[a-e]", "[a-z ]{0,20}|nude|17 years old|forced"), 0..5),
        stage in stages(),
    ) {
        let mut fields: Vec<_> = texts.iter().map(|(name, text)| Field { name, text }).collect();
        let years = Age::try_from(30).unwrap();
        let verdict = judge(stage, &fields, years);
        fields.reverse();
        prop_assert_eq!(verdict, judge(stage, &fields, years));
    }

    #[test]
    fn every_rule_of_every_field_is_in_the_verdict_of_all(
        first in 0..refused().len(),
        second in 0..refused().len(),
    ) {
        let rows = refused();
        let years = Age::try_from(30).unwrap();
        let field = |name, row: usize| Field { name, text: &rows[row].text };
        let both = judge(Stage::Scene, &[field("a", first), field("b", second)], years);
        for one in [field("a", first), field("b", second)] {
            let alone = judge(Stage::Scene, &[one], years);
            prop_assert!(alone.rules.iter().all(|rule| both.rules.contains(rule)));
            prop_assert!(both.decision >= alone.decision);
        }
    }

    #[test]
    fn a_composed_prompt_states_an_age_of_at_least_twenty(
        years in ages(),
        gender in "[A-Za-z]{1,20}",
        appearance in "[A-Za-z0-9 ,.]{0,40}[A-Za-z]",
        scene in "[A-Za-z0-9 ,.]{0,40}[A-Za-z]",
    ) {
        let profile = Profile {
            name: Personal::new("Amelie".parse().unwrap()),
            age: years,
            gender: Personal::new(gender.parse().unwrap()),
            nationality: Personal::new("French".parse().unwrap()),
            appearance: Personal::new(appearance.parse().unwrap()),
            personality: Personality::Caring,
        };
        let scene = scene.parse().unwrap();
        for prompt in [prompt::reference_prompt(&profile), prompt::scene_prompt(&profile, &scene)] {
            let prompt = prompt.unwrap();
            let text = prompt.as_str();
            let stated = format!("{years} years old");
            prop_assert!(text.contains(&stated), "{}", text);
            prop_assert_eq!(text.matches(&prompt::anchors(years)).count(), 1);
        }
    }
}
