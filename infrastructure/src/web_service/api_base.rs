//! The base of a provider's API, as it is configured.

use url::Url;

/// The base, always with `/v1` at its end; or what was given, without a password, when it cannot be one.
pub(crate) fn api_base(given: &Url, allow_http: bool) -> Result<Url, String> {
    let mut base = given.clone();
    let scheme_is_fine = match base.scheme() {
        "https" => true,
        "http" => allow_http,
        _ => false,
    };
    if !scheme_is_fine
        || !base.has_host()
        || !base.username().is_empty()
        || base.password().is_some()
    {
        let _ = base.set_password(None);
        return Err(base.to_string());
    }
    base.set_query(None);
    base.set_fragment(None);
    if !base.path().trim_end_matches('/').ends_with("/v1")
        && let Ok(mut segments) = base.path_segments_mut()
    {
        segments.pop_if_empty().push("v1");
    }
    Ok(base)
}
