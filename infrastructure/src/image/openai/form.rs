//! The `multipart/form-data` of an edit (RFC 7578).

use application::ports::InputPicture;

/// The form's bytes, and the content type that names its boundary.
pub(super) fn written(texts: &[(&str, &str)], picture: &InputPicture) -> (Vec<u8>, String) {
    // Random, so that no text and no picture holds it but by a chance that never comes.
    let boundary = format!("ava-{}", hex::encode(rand::random::<[u8; 16]>()));
    let mut form = Vec::with_capacity(picture.bytes.len() + 2048);
    for (name, text) in texts {
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        form.extend_from_slice(head.as_bytes());
        form.extend_from_slice(text.as_bytes());
        form.extend_from_slice(b"\r\n");
    }
    let ending = picture.media_type.strip_prefix("image/").unwrap_or("png");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"reference.{ending}\"\r\n\
         Content-Type: {}\r\n\r\n",
        picture.media_type
    );
    form.extend_from_slice(head.as_bytes());
    form.extend_from_slice(&picture.bytes);
    form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (form, format!("multipart/form-data; boundary={boundary}"))
}
