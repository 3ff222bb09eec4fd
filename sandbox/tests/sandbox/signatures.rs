//! The vectors of the published signature schemes.

#[test]
fn a_standard_webhook_is_signed_with_the_decoded_secret() {
    let signature = sandbox::standard_webhook_signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        r#"{"test": 2432232314}"#,
    );
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_stripe_event_is_signed_with_the_whole_secret() {
    let header = sandbox::stripe_signature_header(
        "whsec_test_secret",
        1_700_000_000,
        r#"{"id":"evt_test_1","object":"event","type":"invoice.paid","created":1700000000,"data":{"object":{"id":"in_1"}}}"#,
    );
    assert_eq!(
        header,
        "t=1700000000,v1=64e641427acafca0991cdeb4d0f4eaaf4e4436d484c058af0d1c1db227900efc"
    );
}
