//! `docs/LIMITS.md`: every limit as it stands in the code, with the test that shows it.

use std::{fmt::Write, fs, path::Path, time::Duration};

use api::limits as incoming;
use infrastructure::limits as outgoing;

/// What a limit is about, how much it is, what happens beyond it, and the test that shows it.
type Line = (&'static str, String, &'static str, &'static str);

fn bytes(count: usize) -> String {
    match count {
        count if count.is_multiple_of(1 << 20) => format!("{} MiB", count >> 20),
        count if count.is_multiple_of(1 << 10) => format!("{} KiB", count >> 10),
        count => format!("{count} bytes"),
    }
}

fn time(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

fn connections() -> Vec<Line> {
    let slow = "whoever_is_slow_is_closed_and_nobody_else_notices";
    let unread = format!(
        "{}, in which it reads less than {}",
        time(incoming::UNREAD_TIME),
        bytes(incoming::UNREAD_PACE)
    );
    vec![
        (
            "the head of a request, from its first byte; also the second one, and bodies that nobody reads",
            time(incoming::HEAD_TIME),
            "closed; 408 for a first one",
            slow,
        ),
        (
            "a client that does not read its answer",
            unread,
            "closed",
            slow,
        ),
        (
            "the bytes of a head",
            bytes(incoming::HEAD_BYTES),
            "431, closed",
            "a_head_has_so_many_fields_and_so_many_bytes",
        ),
        (
            "the fields of a head",
            incoming::HEAD_FIELDS.to_string(),
            "431, closed",
            "a_head_has_so_many_fields_and_so_many_bytes",
        ),
        (
            "a connection without a request",
            time(incoming::IDLE_TIME),
            "closed",
            "a_connection_that_rests_between_requests_is_kept_beyond_the_time_of_a_head",
        ),
        (
            "connections, for each thread",
            incoming::CONNECTIONS_PER_THREAD.to_string(),
            "wait to be accepted",
            "connections_beyond_the_limit_wait_until_one_ends",
        ),
        (
            "connections that wait to be accepted",
            incoming::BACKLOG.to_string(),
            "not answered",
            "so_many_connections_wait_to_be_accepted_and_no_more",
        ),
        (
            "bytes of an answer that wait for the client",
            bytes(incoming::WRITE_BUFFER),
            "the answer waits",
            slow,
        ),
        (
            "new connections after SIGTERM, each for one request",
            time(incoming::LEAVING_TIME),
            "refused",
            "a_server_that_stops_under_load_answers_whoever_reached_it",
        ),
        (
            "the next request on a connection, after that",
            time(incoming::RESTING_TIME),
            "closed, and 503 where there was one before",
            "a_server_that_stops_answers_who_is_late_and_closes_who_rests",
        ),
        (
            "the last answers, after that",
            time(incoming::END_TIME),
            "closed",
            "a_server_that_stops_waits_for_the_last_answers_but_not_for_ever",
        ),
    ]
}

fn bodies() -> Vec<Line> {
    let sizes = "each_route_takes_bodies_of_its_size_and_not_one_byte_more";
    let pace = "a_body_has_ten_seconds_and_more_only_as_long_as_it_keeps_the_pace";
    let picture_time = format!(
        "{}, of which {} must come in each second after {}",
        time(incoming::PICTURE_BODY_TIME),
        bytes(incoming::BODY_PACE),
        time(incoming::BODY_TIME)
    );
    vec![
        ("a JSON body", bytes(incoming::JSON_BODY), "413", sizes),
        (
            "a message of the payment provider",
            bytes(incoming::PAYMENT_MESSAGE),
            "413",
            sizes,
        ),
        (
            "a message of the image provider",
            bytes(incoming::PREDICTION_MESSAGE),
            "413",
            sizes,
        ),
        (
            "a picture to check",
            bytes(incoming::PICTURE_BODY),
            "413",
            sizes,
        ),
        (
            "a body until it is whole",
            time(incoming::BODY_TIME),
            "408, closed",
            pace,
        ),
        ("the same for a picture", picture_time, "408, closed", pace),
        (
            "pictures that are checked at a time",
            incoming::PICTURES_AT_A_TIME.to_string(),
            "503 after two seconds",
            "only_some_pictures_are_held_at_a_time_and_places_are_given_back",
        ),
    ]
}

fn streams() -> Vec<Line> {
    let many = "one_person_has_so_many_streams_and_others_have_theirs";
    vec![
        (
            "streams of updates of one person, in a process",
            incoming::STREAMS_PER_PERSON.to_string(),
            "429",
            many,
        ),
        (
            "streams of updates in a process",
            incoming::STREAMS.to_string(),
            "429",
            "there_are_so_many_streams_and_one_that_ends_makes_room",
        ),
        (
            "a stream of updates",
            time(incoming::STREAM_TIME),
            "ends; the client comes back",
            "a_stream_ends_when_its_time_is_over_whether_it_speaks_or_not",
        ),
    ]
}

fn database() -> Vec<Line> {
    let settings = "connections_of_requests_have_limits_on_time";
    vec![
        (
            "a command, but for one that asks the payment provider; the wait of a read for what it is to have seen",
            time(incoming::ANSWER_TIME),
            "503",
            "a_command_whose_time_is_over_is_answered_and_is_done_once_when_it_comes_again",
        ),
        (
            "connections of one pool",
            outgoing::POOL_CONNECTIONS.to_string(),
            "wait",
            settings,
        ),
        (
            "the wait for a connection",
            time(outgoing::POOL_WAIT),
            "503",
            "whoever_waits_for_a_connection_hears_within_two_seconds",
        ),
        (
            "the first connection",
            time(outgoing::DATABASE_CONNECT_TIME),
            "the program ends and says why",
            "a_server_that_is_not_there_is_named_without_the_password",
        ),
        (
            "a statement of a request",
            time(outgoing::STATEMENT_TIME),
            "503",
            settings,
        ),
        (
            "the wait for a lock, within it",
            time(outgoing::LOCK_TIME),
            "503",
            "a_statement_does_not_wait_for_a_lock_for_ever",
        ),
    ]
}

fn services() -> Vec<Line> {
    let redirects = "a_redirect_leads_nowhere_whatever_its_kind";
    let times = "each_service_has_the_time_that_the_limits_give_it";
    vec![
        (
            "redirects that are followed",
            "0".to_owned(),
            "an error",
            redirects,
        ),
        (
            "connecting",
            time(outgoing::CONNECT_TIME),
            "an error",
            "who_cannot_be_reached_is_given_up_after_ten_seconds",
        ),
        (
            "the payment provider",
            time(outgoing::PAYMENT_TIME),
            "503",
            times,
        ),
        (
            "an answer of it",
            bytes(outgoing::PAYMENT_ANSWER),
            "503",
            "an_answer_with_more_than_eight_mebibytes_is_not_read_to_its_end",
        ),
        (
            "Replicate",
            time(outgoing::PREDICTION_TIME),
            "tried again",
            times,
        ),
        (
            "a picture drawn on the spot",
            time(outgoing::DRAWING_TIME),
            "tried again",
            times,
        ),
        (
            "an answer with pictures in it",
            bytes(outgoing::PROVIDER_ANSWER),
            "an error",
            "an_answer_with_more_than_thirty_two_mebibytes_is_not_read_to_its_end",
        ),
        (
            "a silence of the chat model",
            time(outgoing::CHAT_SILENCE),
            "tried again",
            times,
        ),
        (
            "a whole answer of it",
            time(outgoing::CHAT_TIME),
            "tried again",
            times,
        ),
        (
            "its words",
            bytes(outgoing::CHAT_ANSWER),
            "tried again",
            "an_answer_that_never_ends_is_given_up",
        ),
        (
            "a line of its stream",
            bytes(outgoing::CHAT_LINE),
            "tried again",
            "what_is_no_text_or_never_ends_is_an_error",
        ),
    ]
}

fn pictures() -> Vec<Line> {
    let pictures = "a_header_that_lies_about_the_size_is_refused_before_memory_is_taken";
    let size = "the_limit_is_twenty_megabytes_and_one_byte_more_is_too_many";
    vec![
        (
            "a picture that is fetched",
            bytes(outgoing::PICTURE),
            "a failed attempt",
            size,
        ),
        (
            "a silence in the middle of it",
            time(outgoing::PICTURE_SILENCE),
            "a failed attempt",
            "a_host_that_falls_silent_in_the_middle_of_a_picture_is_left",
        ),
        (
            "all of it",
            time(outgoing::PICTURE_TIME),
            "a failed attempt",
            "a_picture_that_never_ends_is_left_when_its_time_is_over",
        ),
        (
            "a side of a picture",
            format!("{} px", provenance::MAX_SIDE),
            "422, or a failed attempt",
            pictures,
        ),
        (
            "its pixels",
            provenance::MAX_PIXELS.to_string(),
            "422, or a failed attempt",
            pictures,
        ),
        (
            "memory to decode it",
            bytes(usize::try_from(provenance::MAX_ALLOCATION).unwrap()),
            "422, or a failed attempt",
            "what_unfolds_takes_neither_memory_nor_time",
        ),
    ]
}

const INTRODUCTION: &str = "\
# Limits

How much and how long anything from outside may be. This page is written by a test (`tests/ava/limits.rs`) from
`api/src/limits.rs`, `infrastructure/src/limits.rs` and `provenance/src/decode.rs`; the last column names the test that
shows the limit. How often somebody may ask stands elsewhere.
";

fn sections() -> [(&'static str, Vec<Line>); 5] {
    [
        ("Connections", connections()),
        ("Bodies", bodies()),
        ("Streams", streams()),
        ("The database", database()),
        (
            "Other services, and pictures",
            [services(), pictures()].concat(),
        ),
    ]
}

fn as_markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (heading, lines) in sections() {
        let _ = write!(
            text,
            "\n## {heading}\n\n| what | limit | beyond it | test |\n|---|---|---|---|\n"
        );
        for (what, limit, beyond, test) in lines {
            let _ = writeln!(text, "| {what} | {limit} | {beyond} | `{test}` |");
        }
    }
    text
}

#[test]
fn the_page_for_readers_is_what_the_code_has() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/LIMITS.md");
    let written = as_markdown();
    if std::env::var_os("UPDATE_LIMITS").is_some() {
        fs::write(&path, &written).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == written,
        "docs/LIMITS.md is stale; run this test with UPDATE_LIMITS=1 and look at the difference"
    );
}

#[test]
fn every_limit_has_the_test_that_it_names() {
    let mut code = String::new();
    for directory in ["api", "infrastructure", "provenance", "worker"] {
        gather(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(directory),
            &mut code,
        );
    }
    for (_, lines) in sections() {
        for (what, _, _, test) in lines {
            assert!(
                code.contains(&format!("fn {test}(")),
                "{what}: there is no {test}"
            );
        }
    }
}

/// All Rust code below a directory.
fn gather(directory: &Path, code: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
