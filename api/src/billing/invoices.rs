//! The list of invoices, page by page, as the payment provider has them.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{StatusCode, header},
    web::Data,
};
use application::ports::{Invoice, InvoiceStatus};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::State,
    documentation::ReadHeaders,
    examples,
    parameters::{self, Parameters},
    positions,
    problem::{Code, FieldError, Problem, READ, SIGNED_IN, problems},
    read::ReadRequest,
    reply::Reply,
};

/// A page of invoices.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvoicePage {
    /// Newest first.
    items: Vec<InvoiceResource>,
    /// Where the next page begins; null on the last one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// What somebody was charged for one period.
#[derive(Serialize, ToSchema)]
#[schema(as = Invoice)]
pub(crate) struct InvoiceResource {
    /// The payment provider's id.
    pub(crate) id: String,
    /// What people know it by, once it is final.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    number: Option<String>,
    #[schema(value_type = InvoiceStatusWord)]
    status: InvoiceStatus,
    /// What is, or was, to be paid, in the currency's smallest unit (cents).
    amount_due: u64,
    /// What was paid of it.
    amount_paid: u64,
    /// ISO 4217, lower case.
    #[schema(example = "eur")]
    currency: String,
    created_at: DateTime<Utc>,
    /// The beginning of what it is for.
    period_start: DateTime<Utc>,
    /// The end of what it is for.
    period_end: DateTime<Utc>,
    /// Where the person can see it, and pay it while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    page_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    pdf_url: Option<String>,
}

/// Where an invoice stands, in the payment provider's words.
#[derive(ToSchema)]
#[schema(as = InvoiceStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the words")]
enum InvoiceStatusWord {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}

impl InvoiceResource {
    /// As the payment provider tells it.
    pub(crate) fn of(invoice: Invoice) -> Self {
        Self {
            id: invoice.id,
            number: invoice.number,
            status: invoice.status,
            amount_due: invoice.amount_due,
            amount_paid: invoice.amount_paid,
            currency: invoice.currency,
            created_at: invoice.created,
            period_start: invoice.period_start,
            period_end: invoice.period_end,
            page_url: invoice.page_url,
            pdf_url: invoice.pdf_url,
        }
    }
}

problems!(
    InvoiceProblems = SIGNED_IN,
    READ,
    &[Code::PaymentProviderFailed, Code::PaymentUnavailable]
);

/// List the invoices.
///
/// Newest first, as the payment provider has them now. Nobody else ever sees them; without a payment there are none.
#[utoipa::path(
    tag = "Billing",
    params(
        ("limit" = Option<u32>, Query, description = "How many, 1 to 100; 20 when it is left out.", minimum = 1, maximum = 100, nullable = false),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before.", nullable = false),
        ReadHeaders,
    ),
    responses(
        (status = 200, description = "A page of invoices.", headers(
            ("Link" = String, description = "`<…>; rel=\"next\"`: the next page, when there is one."),
        ), body = InvoicePage, example = examples::invoices),
        InvoiceProblems,
    ),
)]
#[get("/billing/invoices")]
pub(crate) async fn list_invoices(
    app: Data<State>,
    request: ReadRequest,
    raw: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut parameters = Parameters::of(&raw);
    let limit = parameters.query("limit", parameters::limit).unwrap_or(20);
    let after = parameters.query("cursor", decode);
    parameters.finish()?;
    request.seen(&app, positions::GATE).await?;
    let page = app
        .subscriptions
        .invoices(request.user, limit, after.as_deref())
        .await?
        .ok_or_else(|| {
            let unknown = FieldError::parameter("cursor", NO_CURSOR.to_owned());
            Problem::invalid(Code::InvalidParameter, vec![unknown])
        })?;
    let last = page.items.last().filter(|_| page.has_more);
    let next_cursor = last.map(|last| encode(&last.id));
    let link = next_cursor
        .as_ref()
        .map(|cursor| format!("</billing/invoices?limit={limit}&cursor={cursor}>; rel=\"next\""));
    let items = page.items.into_iter().map(InvoiceResource::of).collect();
    let reply = Reply::json(StatusCode::OK, &InvoicePage { items, next_cursor })?;
    Ok(match link {
        Some(link) => reply.header(header::LINK.as_str(), &link).respond(),
        None => reply.respond(),
    })
}

const NO_CURSOR: &str =
    "is not a cursor of this list; send `next_cursor` of the last page as it came";

/// The invoice that a page follows, as text that is opaque to clients.
fn encode(invoice_id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {invoice_id}"))
}

fn decode(text: &str) -> Result<String, String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let id = text.as_deref().and_then(|text| text.strip_prefix("1 "));
    let is_id = |id: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (1..=255).contains(&id.len()) && id.bytes().all(plain)
    };
    id.filter(is_id)
        .map(str::to_owned)
        .ok_or_else(|| NO_CURSOR.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_and_anything_else_is_refused() {
        assert_eq!(decode(&encode("in_1")), Ok("in_1".to_owned()));
        for bad in [
            "",
            "!",
            "MQ",
            &URL_SAFE_NO_PAD.encode("2 in_1"),
            &encode("in/1"),
            &encode(""),
        ] {
            assert!(decode(bad).is_err(), "{bad}");
        }
    }
}
