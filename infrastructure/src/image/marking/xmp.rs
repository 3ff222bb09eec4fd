//! The XMP packet that says where a picture comes from.
//!
//! The property and its value are IPTC's (Photo Metadata Standard, "Digital Source Type"; NewsCodes
//! `digitalsourcetype`); where it stands in a JPEG is said by Adobe's XMP specification, part 3, section 1.1.3.
//! Neither the prompt nor anything about a person is written.

use super::jpeg::{self, APP1, Damaged};

/// IPTC's term for pictures made by a trained model.
pub const TRAINED_ALGORITHMIC_MEDIA: &str = "trainedAlgorithmicMedia";

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

const OPENING: &str =
    "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/";
const CLOSING: &str = "</Iptc4xmpExt:DigitalSourceType>";

/// Writes the packet into a JPEG that has none.
pub(crate) fn insert(jpeg: &mut Vec<u8>) -> Result<(), Damaged> {
    jpeg::insert(jpeg, APP1, &[HEADER, PACKET.as_bytes()].concat())
}

/// The IPTC term that a JPEG's XMP names, as [`insert`] writes it.
pub(crate) fn digital_source_type(jpeg: &[u8]) -> Option<String> {
    let segments = jpeg::segments(jpeg).ok()?;
    let mut packets = segments.iter().filter_map(|segment| {
        let packet = segment.payload.strip_prefix(HEADER)?;
        (segment.marker == APP1).then_some(packet)
    });
    let packet = str::from_utf8(packets.next()?).ok()?;
    let (_, after) = packet.split_once(OPENING)?;
    let (term, _) = after.split_once(CLOSING)?;
    Some(term.to_owned())
}
