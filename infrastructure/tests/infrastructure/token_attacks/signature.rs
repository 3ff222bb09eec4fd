//! On the signature, the form and the header.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{Attack, Issuer, claims, with};
use crate::signing_keys::{b64, message};

impl Issuer {
    pub(super) fn on_the_signature(&self) -> Vec<Attack> {
        let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid}).to_string();
        let claims = claims().to_string();
        let es = message(&header("ES256", "e"), &claims);
        let ed = message(&header("EdDSA", "d"), &claims);
        let rs = message(&header("RS256", "r"), &claims);
        let signed = |message: &str, signature: &[u8]| format!("{message}.{}", b64(signature));
        let fine = self.ec.signature(&es);
        let changed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut signature = fine.clone();
            change(&mut signature);
            signed(&es, &signature)
        };
        // The order of P-256 (SEC 2, section 2.4.2).
        let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        let order = order.unwrap();
        let longer = [&[0], self.rsa.signature(&rs).as_slice()].concat();
        vec![
            ("a flipped bit", changed(&|signature| signature[40] ^= 1)),
            ("a byte less", changed(&|signature| signature.truncate(63))),
            ("a byte more", changed(&|signature| signature.push(0))),
            ("ECDSA of zeros (CVE-2022-21449)", signed(&es, &[0; 64])),
            ("r is zero", changed(&|signature| signature[..32].fill(0))),
            ("s is zero", changed(&|signature| signature[32..].fill(0))),
            (
                "r and s are the order",
                signed(&es, &[order.clone(), order].concat()),
            ),
            ("ECDSA in ASN.1", signed(&es, &self.ec.asn1_signature(&es))),
            ("Ed25519 of zeros", signed(&ed, &[0; 64])),
            (
                "Ed25519 with s beyond the order",
                signed(&ed, &malleable(self.ed.signature(&ed))),
            ),
            ("RSA of zeros", signed(&rs, &[0; 256])),
            ("RSA beyond the modulus", signed(&rs, &[0xff; 256])),
            ("RSA with a zero before it", signed(&rs, &longer)),
            (
                "RSA, the signature of one",
                signed(&rs, &[[0; 255].as_slice(), &[1]].concat()),
            ),
            (
                "an EC signature at the RSA key",
                signed(&rs, &self.ec.signature(&rs)),
            ),
            ("the signature of another token", {
                let other = self.ec.token("e", &with("sub", json!("somebody")));
                signed(
                    &es,
                    &URL_SAFE_NO_PAD
                        .decode(other.rsplit('.').next().unwrap())
                        .unwrap(),
                )
            }),
        ]
    }

    pub(super) fn on_the_form(&self) -> Vec<Attack> {
        let good = self.good();
        let parts: Vec<&str> = good.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            unreachable!()
        };
        let richer = b64(with("app_metadata", json!({"roles": ["operator"]})).to_string());
        let flattened = json!({"protected": header, "payload": payload, "signature": signature});
        vec![
            (
                "other claims under the signature",
                format!("{header}.{richer}.{signature}"),
            ),
            ("padded base64", format!("{good}==")),
            (
                "base64 with bits left over",
                format!("{header}.{payload}.{}", uncanonical(signature)),
            ),
            ("a blank before", format!(" {good}")),
            ("a line break after", format!("{good}\n")),
            ("blanks within", good.replace('.', ". ")),
            ("two parts", format!("{header}.{payload}")),
            ("no signature", format!("{header}.{payload}.")),
            ("four parts", format!("{good}.{signature}")),
            (
                "five parts, as if encrypted",
                format!("{header}.a.b.c.{signature}"),
            ),
            ("JSON serialisation", flattened.to_string()),
            ("the scheme again", format!("Bearer {good}")),
            ("half a token", good[..good.len() / 2].to_owned()),
            (
                "a token in a token",
                self.ec
                    .token_with(r#"{"alg":"ES256","kid":"e","cty":"JWT"}"#, &good),
            ),
            (
                "too long",
                self.ec
                    .token("e", &with("padding", json!("x".repeat(10_000)))),
            ),
            ("nothing", String::new()),
            ("dots", "..".to_owned()),
            ("no ASCII", "🙂.🙂.🙂".to_owned()),
        ]
    }

    pub(super) fn on_the_header(&self) -> Vec<Attack> {
        let claims = claims().to_string();
        let header = |text: &str| self.ec.token_with(text, &claims);
        vec![
            (
                "an extension that must be known",
                header(r#"{"alg":"ES256","kid":"e","crit":["exp"],"exp":1}"#),
            ),
            (
                "unencoded claims",
                header(r#"{"alg":"ES256","kid":"e","crit":["b64"],"b64":false}"#),
            ),
            (
                "no extension that must be known",
                header(r#"{"alg":"ES256","kid":"e","crit":[]}"#),
            ),
            (
                "a logout token",
                header(r#"{"alg":"ES256","kid":"e","typ":"logout+jwt"}"#),
            ),
            (
                "a DPoP proof",
                header(r#"{"alg":"ES256","kid":"e","typ":"dpop+jwt"}"#),
            ),
            (
                "a security event",
                header(r#"{"alg":"ES256","kid":"e","typ":"secevent+jwt"}"#),
            ),
            (
                "two algorithms",
                header(r#"{"alg":"none","alg":"ES256","kid":"e"}"#),
            ),
            (
                "two names",
                header(r#"{"alg":"ES256","kid":"e2","kid":"e"}"#),
            ),
            ("a list for a header", header(r#"["ES256"]"#)),
            ("an empty header", header("{}")),
            ("no JSON for a header", header("alg=ES256")),
        ]
    }
}

/// A signature with s + L in place of s (RFC 8032, section 5.1.7, wants s below L).
fn malleable(mut signature: Vec<u8>) -> Vec<u8> {
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order.unwrap()) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    signature
}

/// The same bytes for decoders that do not look at the bits left over. 64 bytes leave four of them.
fn uncanonical(signature: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let place = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[place + 1..place + 2])
}
