//! Reads invoices in the field shapes of all API versions.

use application::ports::{Invoice, InvoicePage, InvoiceStatus};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{moment, text};

/// Reads a list of invoices; what is no invoice of ours to show is left out.
pub(in super::super) fn invoices(list: &Value) -> InvoicePage {
    let data = list.get("data").and_then(Value::as_array);
    InvoicePage {
        items: data.into_iter().flatten().filter_map(invoice).collect(),
        has_more: list.get("has_more").and_then(Value::as_bool) == Some(true),
    }
}

fn invoice(object: &Value) -> Option<Invoice> {
    let amount = |field: &str| object.get(field).and_then(Value::as_u64);
    let created = object.get("created").and_then(moment)?;
    Some(Invoice {
        id: text(object, "/id")?.to_owned(),
        number: text(object, "/number").map(str::to_owned),
        status: status(text(object, "/status")?)?,
        amount_due: amount("amount_due")?,
        amount_paid: amount("amount_paid").unwrap_or_default(),
        currency: text(object, "/currency")?.to_owned(),
        created,
        period_start: period(object, "start").unwrap_or(created),
        period_end: period(object, "end").unwrap_or(created),
        page_url: text(object, "/hosted_invoice_url").map(str::to_owned),
        pdf_url: text(object, "/invoice_pdf").map(str::to_owned),
    })
}

/// What its first line is for. The invoice's own period is the one before, in which things may have been added to it.
fn period(object: &Value, end: &str) -> Option<DateTime<Utc>> {
    let line = object.pointer(&format!("/lines/data/0/period/{end}"));
    line.or_else(|| object.get(format!("period_{end}")))
        .and_then(moment)
}

fn status(word: &str) -> Option<InvoiceStatus> {
    Some(match word {
        "draft" => InvoiceStatus::Draft,
        "open" => InvoiceStatus::Open,
        "paid" => InvoiceStatus::Paid,
        "uncollectible" => InvoiceStatus::Uncollectible,
        "void" => InvoiceStatus::Void,
        _ => return None,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_invoice_is_for_the_period_of_its_first_line() {
        let page = invoices(&json!({"has_more": true, "data": [
            {
                "id": "in_1", "number": "A-1", "status": "paid", "amount_due": 1499, "amount_paid": 1499,
                "currency": "usd", "created": 1_700_000_000, "period_start": 1, "period_end": 2,
                "hosted_invoice_url": "https://pay.test/in_1", "invoice_pdf": null,
                "lines": {"data": [{"period": {"start": 1_700_000_000, "end": 1_702_592_000}}]},
            },
            {"id": "in_2", "status": "sung"},
        ]}));
        assert!(page.has_more);
        let [invoice] = page.items.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(invoice.status, InvoiceStatus::Paid);
        assert_eq!(invoice.period_start.timestamp(), 1_700_000_000);
        assert_eq!(invoice.period_end.timestamp(), 1_702_592_000);
        assert_eq!(
            invoice.page_url.as_deref().unwrap(),
            "https://pay.test/in_1"
        );
        assert_eq!(invoice.pdf_url, None);
    }
}
