use http::Request;

use super::*;

fn refused(body: &str) -> String {
    Form::parse(body.as_bytes()).err().map_or("taken".to_owned(), |error| error.exact().to_owned())
}

#[test]
fn parameters_are_decoded_once_and_an_empty_one_was_not_sent() {
    let form = Form::parse(b"scope=a+b%2Fc&token=x%3Dy=z&empty=&name%5F=1").unwrap();
    assert_eq!(form.get("scope"), Some("a b/c"));
    assert_eq!(form.get("token"), Some("x=y=z"));
    assert_eq!(form.get("empty"), None);
    assert_eq!(form.get("name_"), Some("1"));
    assert_eq!(form.get("absent"), None);
    assert_eq!(form.required("empty", "empty is missing").unwrap_err().exact(), "parameter-missing");
    assert_eq!(Form::parse(b"").unwrap().get("token"), None);
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    for (body, code) in [
        ("token=a&token=b", "parameter-repeated"),
        ("token=a&tok%65n=b", "parameter-repeated"),
        ("token=a&token=", "parameter-repeated"),
        ("audience=a&audience=b", "target-repeated"),
        ("resource=a&resource=b", "target-repeated"),
        ("token", "form-malformed"),
        ("token=a&", "form-malformed"),
        ("&token=a", "form-malformed"),
        ("=a", "form-malformed"),
        ("token=%", "form-malformed"),
        ("token=%4", "form-malformed"),
        ("token=%zz", "form-malformed"),
        ("token=%+1", "form-malformed"),
        ("token=%ff", "form-malformed"),
        ("token=a%00b", "form-malformed"),
        ("token=a%0d%0ab", "form-malformed"),
    ] {
        assert_eq!(refused(body), code, "{body}");
    }
}

#[test]
fn a_form_is_bounded_in_octets_and_parameters() {
    let many: Vec<String> = (0..=MAX_FORM_PARAMETERS).map(|number| format!("p{number}=1")).collect();
    assert_eq!(refused(&many.join("&")), "form-too-large");
    let length = usize::try_from(MAX_FORM_BYTES).unwrap();
    assert_eq!(refused(&format!("token={}", "a".repeat(length))), "form-too-large");
    assert_eq!(refused(&format!("token={}", "a".repeat(length - 6))), "taken");
}

#[test]
fn only_a_form_is_a_form_and_no_parameter_is_in_the_url() {
    let judged = |uri: &str, media: Option<&str>| {
        let mut request = Request::post(uri);
        if let Some(media) = media {
            request = request.header(CONTENT_TYPE, media);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        check_head(&head).err().map_or("taken".to_owned(), |error| error.exact().to_owned())
    };
    for media in [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=\"utf-8\"",
    ] {
        assert_eq!(judged("/oauth/token", Some(media)), "taken", "{media}");
    }
    for media in [
        None,
        Some("application/json"),
        Some("multipart/form-data; boundary=x"),
        Some("application/x-www-form-urlencoded; charset=utf-7"),
        Some("application/x-www-form-urlencoded; boundary=x"),
    ] {
        assert_eq!(judged("/oauth/token", media), "form-media-type", "{media:?}");
    }
    assert_eq!(judged("/oauth/token?token=a", Some("application/x-www-form-urlencoded")), "form-query");
    assert_eq!(judged("/oauth/token?", Some("application/x-www-form-urlencoded")), "form-query");
}

#[test]
fn a_form_never_shows_what_is_in_it() {
    let form = Form::parse(b"token=secret").unwrap();
    assert!(!format!("{form:?}").contains("secret"));
}
