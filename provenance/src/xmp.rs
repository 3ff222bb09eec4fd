//! The XMP packet that says where a picture comes from.
//!
//! The property and its value are IPTC's (Photo Metadata Standard, "Digital Source Type"; NewsCodes
//! `digitalsourcetype`); where it stands in a JPEG is said by Adobe's XMP specification, part 3, section 1.1.3.
//! Neither the prompt nor anything about a person is written.

use ::image::ImageDecoder;
use roxmltree::{Document, ParsingOptions};

use crate::{
    decode,
    jpeg::{self, APP1, Damaged},
};

/// IPTC's term for pictures made by a trained model.
pub const TRAINED_ALGORITHMIC_MEDIA: &str = "trainedAlgorithmicMedia";

/// The property's name in IPTC's namespace.
const PROPERTY: &str = "DigitalSourceType";

/// What the payload of an APP1 segment with XMP begins with.
const HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

const PACKET: &str = concat!(
    "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n",
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n",
    " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n",
    "  <rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\">\n",
    "   <Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>\n",
    "  </rdf:Description>\n",
    " </rdf:RDF>\n",
    "</x:xmpmeta>\n",
    "<?xpacket end=\"r\"?>",
);

/// The namespace of `Iptc4xmpExt`.
const NAMESPACE: &str = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";

/// What IPTC's terms for source types begin with.
const TERMS: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/";

/// The most nodes that a packet may have, and how deep they may be nested; a camera's have some hundreds, ten deep.
const MOST_NODES: u32 = 20_000;
const DEEPEST: usize = 64;

/// Writes the packet into a JPEG that has none.
pub(crate) fn insert(jpeg: &mut Vec<u8>) -> Result<(), Damaged> {
    jpeg::insert(jpeg, APP1, &[HEADER, PACKET.as_bytes()].concat())
}

/// The digital source type that the XMP of a PNG, JPEG or WebP names: IPTC's term, or the whole text when it is none.
///
/// Whoever wrote it: the property may be an element or an attribute (XMP specification, part 1, section 7.9.2.2).
#[must_use]
pub fn digital_source_type(picture: &[u8]) -> Option<String> {
    let format = decode::accepted_format(picture).ok()?;
    let mut decoder = decode::opened(picture, format).ok()?;
    let packet = decoder.xmp_metadata().ok()??;
    named_by(str::from_utf8(&packet).ok()?)
}

fn named_by(packet: &str) -> Option<String> {
    // A JPEG's packet may end with padding that is no XML.
    let packet = packet.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    if !is_shallow(packet) {
        return None;
    }
    let options = ParsingOptions {
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(packet, options).ok()?;
    let named = document.descendants().find_map(|node| {
        let as_attribute = node.attribute((NAMESPACE, PROPERTY));
        let as_element = node
            .has_tag_name((NAMESPACE, PROPERTY))
            .then(|| node.text());
        as_attribute.or(as_element.flatten())
    })?;
    let named = named.trim();
    Some(named.strip_prefix(TERMS).unwrap_or(named).to_owned())
}

/// Whether no element is nested deeper than the parser, which goes down with them, has room for. Comments, CDATA and
/// document types, in which tags could be hidden, have no place in XMP.
fn is_shallow(packet: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = packet;
    while let Some((_, tag)) = rest.split_once('<') {
        match tag.as_bytes().first() {
            Some(b'!') => return false,
            Some(b'?') => {
                rest = tag.split_once("?>").map_or("", |(_, after)| after);
                continue;
            }
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(_) if is_closed_at_once(tag) => {}
            Some(_) => depth += 1,
            None => return true,
        }
        if depth > DEEPEST {
            return false;
        }
        rest = tag;
    }
    true
}

/// Whether a tag ends with `/>`, its values in quotes aside.
fn is_closed_at_once(tag: &str) -> bool {
    let (mut quote, mut before) = (None, b' ');
    for byte in tag.bytes() {
        match (quote, byte) {
            (None, b'>') => return before == b'/',
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            (None | Some(_), _) => {}
        }
        before = byte;
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    #[test]
    fn our_packet_names_the_term() {
        assert_eq!(named_by(PACKET).as_deref(), Some(TRAINED_ALGORITHMIC_MEDIA));
    }

    #[test]
    fn the_property_may_be_an_attribute_under_any_prefix() {
        let packet = format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description xmlns:x='{NAMESPACE}' x:{PROPERTY}='{TERMS}digitalCapture'/></rdf:RDF>\0\0"
        );
        assert_eq!(named_by(&packet).as_deref(), Some("digitalCapture"));
    }

    #[test]
    fn what_is_no_xml_and_what_is_hostile_names_nothing() {
        let [deep, quoted, hidden] =
            ["<a>", "<a b='/>'>", "<a><?b </a>?>"].map(|tag| tag.repeat(30_000));
        let wide = format!("<a>{}</a>", "<b c='>'/>".repeat(30_000));
        let bomb = "<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>";
        for packet in [
            "",
            "\0",
            "<",
            "<?",
            "<a",
            "trainedAlgorithmicMedia",
            &deep,
            &quoted,
            &hidden,
            &wide,
            bomb,
        ] {
            assert_eq!(named_by(packet), None);
        }
    }
}
