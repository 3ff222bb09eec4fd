//! Whether somebody asks for a picture, and of what.

/// The words of somebody who wants a picture.
const PICTURES: [&str; 8] = [
    "photo",
    "picture",
    "selfie",
    "pic",
    "snapshot",
    "foto",
    "photograph",
    "image",
];

/// Before what the picture should show.
const OF: [&str; 9] = [
    "of you ",
    "of yourself ",
    "photo of ",
    "picture of ",
    "selfie ",
    "how you look ",
    "see you ",
    "picture ",
    "photo ",
];

/// What a picture shows when nobody says.
const SOMEWHERE: [&str; 4] = [
    "smiling at the camera by a sunny window, wearing a soft sweater",
    "in a small cafe with a cup of tea, fairy lights behind",
    "on an evening walk along the river, scarf and coat",
    "in the kitchen, laughing, flour on the nose, striped apron",
];

/// The scene of the picture that somebody asks for; none when nobody asks for one. `turn` varies what is not said.
pub(super) fn scene(text: &str, turn: usize) -> Option<String> {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    let names_one = words.any(|word| PICTURES.contains(&word));
    let wants_to_see = ["show me", "see you", "how you look", "what you look like"]
        .iter()
        .any(|wish| lower.contains(wish));
    let declines = ["no photo", "no picture", "don't send", "do not send"]
        .iter()
        .any(|words| lower.contains(words));
    if declines || !(names_one || wants_to_see) {
        return None;
    }
    let somewhere = SOMEWHERE[turn % SOMEWHERE.len()];
    let said = OF
        .iter()
        .find_map(|before| lower.find(before).map(|at| &lower[at + before.len()..]));
    let place = said
        .map(|said| {
            said.trim_matches(|c: char| !c.is_alphanumeric())
                .trim_start_matches("you ")
                .trim_start_matches("of you ")
                .trim_end_matches(" please")
        })
        .filter(|place| place.split_whitespace().count() >= 2);
    Some(place.map_or_else(|| somewhere.to_owned(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scene_is_what_was_asked_for() {
        assert_eq!(
            scene("Send me a photo of you at the beach!", 0).as_deref(),
            Some("at the beach")
        );
        assert_eq!(
            scene("can i see you in a red dress please?", 0).as_deref(),
            Some("in a red dress")
        );
        assert_eq!(scene("a selfie?", 1).as_deref(), Some(SOMEWHERE[1]));
    }

    #[test]
    fn talk_is_no_wish_for_a_picture() {
        for text in [
            "how was your day?",
            "no photo please, let us talk",
            "epic!",
            "I see",
        ] {
            assert_eq!(scene(text, 0), None, "{text}");
        }
    }
}
