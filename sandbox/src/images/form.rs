//! Reads `multipart/form-data` (RFC 7578), as far as the clients of the images API write it.

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    /// As `image/png`, where it says so.
    pub(super) media_type: Option<String>,
    pub(super) content: Vec<u8>,
}

/// The boundary that a `Content-Type` names.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (media_type, parameters) = content_type.split_once(';')?;
    if !media_type
        .trim()
        .eq_ignore_ascii_case("multipart/form-data")
    {
        return None;
    }
    parameters.split(';').find_map(|parameter| {
        let value = parameter.trim().strip_prefix("boundary=")?;
        Some(value.trim_matches('"')).filter(|value| !value.is_empty())
    })
}

/// The fields of a body; none when it is not a whole form.
pub(super) fn fields(body: &[u8], boundary: &str) -> Option<Vec<Field>> {
    let delimiter = format!("--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut rest = &body[find(body, delimiter)? + delimiter.len()..];
    let mut fields = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(fields);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let head = find(rest, b"\r\n\r\n")?;
        let content = &rest[head + 4..];
        let end = find(content, &[b"\r\n", delimiter].concat())?;
        fields.push(field(&rest[..head], &content[..end])?);
        rest = &content[end + 2 + delimiter.len()..];
    }
}

fn field(head: &[u8], content: &[u8]) -> Option<Field> {
    let head = str::from_utf8(head).ok()?;
    let header = |wanted: &str| {
        head.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim()
                .eq_ignore_ascii_case(wanted)
                .then(|| value.trim())
        })
    };
    let disposition = header("content-disposition")?;
    let (_, after) = disposition.split_once("name=\"")?;
    let (name, _) = after.split_once('"')?;
    Some(Field {
        name: name.to_owned(),
        media_type: header("content-type").map(str::to_owned),
        content: content.to_vec(),
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

    use super::*;

    #[test]
    fn a_form_is_read_bytes_and_all() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na lake\r\n\
            --x\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x00\r\n--y\r\n--x--\r\n";
        let read = fields(body, boundary("multipart/form-data; boundary=x").unwrap()).unwrap();
        assert_eq!(read[0].name, "prompt");
        assert_eq!(read[0].content, b"a lake");
        assert_eq!(read[1].media_type.as_deref(), Some("image/png"));
        assert_eq!(read[1].content, b"\x00\r\n--y");
    }

    #[test]
    fn what_is_no_form_is_none() {
        assert_eq!(boundary("application/json"), None);
        assert_eq!(fields(b"--x\r\nContent-Disposition: form-data", "x"), None);
        assert_eq!(fields(b"{}", "x"), None);
    }
}
