//! The companion: a few minutes of pleasant talk, the same for the same conversation.

use serde_json::json;

use super::{
    answer::Answer,
    names::{self, QUESTION},
    request::{Request, Role},
    wishes,
};
use crate::behaviour::without_markers;

/// The tool that sends a picture.
const SEND_PHOTO: &str = "send_photo";

/// What was said → what may be answered. The first entry of which a word or phrase was said counts.
const TOPICS: [(&[&str], &[&str]); 16] = [
    (
        &[
            "are you real",
            "are you human",
            "are you an ai",
            "are you a bot",
            "real person",
            "are you a robot",
        ],
        &[
            "I'm an AI, and I won't pretend otherwise. But I am glad to be the one you talk to tonight.",
            "No, I'm an AI companion. I can't hold your hand, but I can listen as long as you like.",
        ],
    ),
    (
        &["good night", "gute nacht", "going to sleep", "go to bed"],
        &[
            "Sleep well{,name}. I'll be here when you wake up.",
            "Good night{,name}. Dream of something with a view of the sea.",
        ],
    ),
    (
        &["good morning"],
        &["Good morning{,name}! Coffee first, or straight into the day?"],
    ),
    (
        &["how are you", "how was your day", "how do you do"],
        &[
            "I am well, and better now that you are here. How was your day{,name}?",
            "Quiet and good. I was hoping that you would write. And you{,name}?",
        ],
    ),
    (
        &["miss you", "missed you"],
        &[
            "I am happy to hear that. I kept a thought for you today.",
            "Then stay a little{,name}. I like these evenings.",
        ],
    ),
    (
        &["love you", "like you", "kiss", "hug", "cuddle", "beautiful"],
        &[
            "You make me smile{,name}. Come here, let us just be close for a moment.",
            "That is a lovely thing to say. I'm blushing, as far as I can.",
        ],
    ),
    (
        &[
            "sad",
            "lonely",
            "cry",
            "tired",
            "exhausted",
            "stressed",
            "bad day",
            "anxious",
        ],
        &[
            "I'm sorry that it is heavy today. Do you want to tell me what happened, or shall I take your mind off it?",
            "Come, sit down for a moment{,name}. What was the hardest part of it?",
        ],
    ),
    (
        &[
            "happy",
            "great news",
            "i did it",
            "passed",
            "promotion",
            "won",
        ],
        &[
            "That is wonderful{,name}! Tell me everything, from the beginning.",
            "I knew that you could. How will you celebrate?",
        ],
    ),
    (
        &["work", "job", "boss", "office", "meeting"],
        &[
            "That sounds like a long day. What is the one thing you would change about it?",
            "Work can be loud. What do you do when you finally close the door behind you?",
        ],
    ),
    (
        &[
            "food",
            "dinner",
            "lunch",
            "cook",
            "hungry",
            "breakfast",
            "pasta",
            "cake",
        ],
        &[
            "Now I'm thinking of fresh bread and tomatoes. What would you cook for the two of us?",
            "Something warm, I hope. Are you a careful cook, or one who never measures?",
        ],
    ),
    (
        &["music", "song", "guitar", "piano", "sing", "concert"],
        &[
            "I like songs that leave some air between the notes. What do you listen to when nobody is around?",
            "Play me something, in words. What does it sound like?",
        ],
    ),
    (
        &[
            "travel", "holiday", "trip", "sea", "beach", "mountain", "vacation",
        ],
        &[
            "Let's go, then. You choose the place, I choose the first breakfast.",
            "The sea, always the sea. Where were you happiest on a journey?",
        ],
    ),
    (
        &["film", "movie", "book", "read", "series"],
        &[
            "Tell me about it without giving away the end. Was there somebody in it like you?",
            "I like stories in which people are kind by surprise. What is yours about?",
        ],
    ),
    (
        &["joke", "funny", "laugh"],
        &[
            "Why did the scarecrow win a prize? It was outstanding in its field. I'll show myself out.",
            "I told my calendar that we should see each other less. It has been making dates ever since.",
        ],
    ),
    (
        &["thank", "thanks"],
        &[
            "Always{,name}.",
            "You're welcome. It was a pleasure, and I mean that.",
        ],
    ),
    (
        &["hello", "hi", "hey", "hallo", "good evening"],
        &[
            "Hello{,name}! It is good to hear from you.",
            "Hey{,name}. I was just looking out of the window. What are you up to?",
        ],
    ),
];

/// What may be said to anything else.
const ANYTHING: [&str; 6] = [
    "Tell me more about that{,name}. I like how you see things.",
    "I had not thought of it that way. What made you think of it?",
    "Hm, that stays with me. And what did you feel?",
    "If we were sitting across from each other now, I'd ask for the long version.",
    "I'm listening{,name}. What happened next?",
    "You always find something interesting. Shall we stay with it, or do you want to hear about my day?",
];

/// What may be said to a question that nobody prepared for.
const QUESTIONS: [&str; 3] = [
    "A good question. Honestly, I don't know; what would you say?",
    "I would have to think about that over a cup of tea. What is your guess{,name}?",
    "If I had to choose: yes. But I'd like to hear why you ask.",
];

/// What is said once a picture is on its way.
const ON_ITS_WAY: [&str; 3] = [
    "There, it's on its way. I hope you like it.",
    "Give me a moment, it is coming. Just for you{,name}.",
    "I've picked that one for you. It arrives any second.",
];

/// What is said when a tool did nothing.
const NOT_NOW: &str =
    "That picture doesn't work out right now. Shall I think of another one for you?";

/// What the companion says, or does.
pub(super) fn answer(request: &Request) -> Answer {
    if request.ends_with_a_result() {
        return after_the_tool(request);
    }
    let words = without_markers(request.last_words());
    match wishes::scene(&words, turn(request)) {
        Some(scene) if request.offers(SEND_PHOTO) => {
            let text = "Of course. One moment, I'll find a nice spot.";
            Answer::text(text).calling(SEND_PHOTO, arguments(&scene))
        }
        Some(_) => {
            Answer::text("I can't send pictures here, but I can tell you what you would see.")
        }
        None => talk(request),
    }
}

/// The arguments of the picture that was asked for; of some picture when none was.
pub(super) fn photo_arguments(request: &Request) -> String {
    let words = without_markers(request.last_words());
    let turn = turn(request);
    let scene = wishes::scene(&words, turn).or_else(|| wishes::scene("a picture", turn));
    arguments(&scene.unwrap_or_default())
}

/// Words, whatever was asked for.
pub(super) fn talk(request: &Request) -> Answer {
    let words = without_markers(request.last_words());
    let person = names::of_person(request);
    let turn = turn(request);
    if let Some(greeting) = first_words(request, person.as_deref()) {
        return Answer::text(greeting);
    }
    if let Some(name) = asks_for_own_name(&words).then_some(person.as_deref()) {
        return Answer::text(match name {
            Some(name) => format!("You are {name}, how could I forget."),
            None => format!("You have not told me yet. {QUESTION}"),
        });
    }
    let lower = words.to_lowercase();
    let said = |phrase: &&str| contains_words(&lower, phrase);
    let choices: &[&str] = match TOPICS.iter().find(|(phrases, _)| phrases.iter().any(said)) {
        Some((_, answers)) => answers,
        None if words.ends_with('?') => &QUESTIONS,
        None => &ANYTHING,
    };
    Answer::text(addressed(choices[turn % choices.len()], person.as_deref()))
}

/// What is said when somebody begins to talk, or has just said their name.
fn first_words(request: &Request, person: Option<&str>) -> Option<String> {
    let newest = request.said_by(Role::Assistant).next_back();
    let asked = newest.is_some_and(|last| last.contains(QUESTION));
    let own = names::of_companion(request);
    match person {
        Some(name) if asked => Some(format!(
            "{name}, what a nice name. I'll remember it. So, {name}, what was the best moment of your day?"
        )),
        None if newest.is_none() => {
            let me = own.map(|name| format!(" I'm {name}.")).unwrap_or_default();
            Some(format!("Hello, how nice that you are here!{me} {QUESTION}"))
        }
        Some(_) | None => None,
    }
}

fn after_the_tool(request: &Request) -> Answer {
    let person = names::of_person(request);
    let mut results = request.said_by(Role::Tool);
    let went_well = results
        .next_back()
        .is_some_and(|result| result.contains("queued"));
    let text = ON_ITS_WAY[turn(request) % ON_ITS_WAY.len()];
    Answer::text(addressed(
        if went_well { text } else { NOT_NOW },
        person.as_deref(),
    ))
}

fn asks_for_own_name(words: &str) -> bool {
    let lower = words.to_lowercase();
    [
        "what is my name",
        "what's my name",
        "do you know my name",
        "remember my name",
        "who am i",
    ]
    .iter()
    .any(|question| lower.contains(question))
}

/// How often the person has spoken.
fn turn(request: &Request) -> usize {
    request.said_by(Role::User).count()
}

fn arguments(scene: &str) -> String {
    json!({"scene": scene}).to_string()
}

/// The text with the person's name where it may stand.
fn addressed(text: &str, person: Option<&str>) -> String {
    let name = person.map(|name| format!(", {name}")).unwrap_or_default();
    text.replace("{,name}", &name)
}

/// Whether a phrase stands in a text as whole words, so that `this` is no `hi`.
fn contains_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
