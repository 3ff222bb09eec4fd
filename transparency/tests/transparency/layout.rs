//! An event's record, byte by byte: what stands in `docs/AUDIT.md`.

use chrono::DateTime;
use transparency::Record;
use uuid::Uuid;

#[test]
fn a_record_is_the_example_of_the_documentation() {
    let record = Record {
        position: 42,
        event_id: Uuid::from_u128(0x0199f0c0_0000_7000_8000_00000000002a),
        aggregate_type: "Avatar",
        aggregate_id: "0199f0c0-0000-7000-8000-000000000001",
        sequence: 3,
        event_type: "ProfileChanged",
        event_version: "1",
        payload: "{\"type\": \"ProfileChanged\",\"age\":26}",
        metadata: "{\"actor\":\"user:Zoë\"}",
        recorded_at: DateTime::from_timestamp_micros(1_795_359_600_123_456).unwrap(),
    };
    let mut bytes = Vec::new();
    record.write_to(&mut bytes);
    let mut expected: Vec<u8> = Vec::new();
    let parts: [&[u8]; 17] = [
        &[1],
        &[0, 0, 0, 0, 0, 0, 0, 42],
        &[
            1, 0x99, 0xf0, 0xc0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x2a,
        ],
        &[0, 0, 0, 6],
        b"Avatar",
        &[0, 0, 0, 36],
        b"0199f0c0-0000-7000-8000-000000000001",
        &[0, 0, 0, 0, 0, 0, 0, 3],
        &[0, 0, 0, 14],
        b"ProfileChanged",
        &[0, 0, 0, 1],
        b"1",
        &[0, 0, 0, 35],
        b"{\"type\": \"ProfileChanged\",\"age\":26}",
        &[0, 0, 0, 21],
        b"{\"actor\":\"user:Zo\xc3\xab\"}",
        &1_795_359_600_123_456_i64.to_be_bytes(),
    ];
    for part in parts {
        expected.extend(part);
    }
    assert_eq!(bytes, expected);
    let documented = include_str!("../../../docs/AUDIT.md");
    let hash = hex::encode(record.leaf_hash(&mut Vec::new()));
    assert!(
        documented.contains(&hash),
        "docs/AUDIT.md does not name {hash}"
    );
    let dump = hex::encode(&bytes);
    let told: String = documented.split_whitespace().collect();
    assert!(told.contains(&dump), "docs/AUDIT.md does not show {dump}");
}
