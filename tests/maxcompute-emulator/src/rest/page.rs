use hyper::StatusCode;

use super::RestCall;
use super::project::OWNER;
use super::xml::element;
use crate::http::{Response, ServiceError};

/// Entries of a page unless the client asks for fewer.
const PAGE: usize = 1000;

/// A page of a list whose entries have ordered keys.
pub(super) struct Page<T> {
    pub(super) entries: Vec<T>,
    /// Key of the last entry if more follow, else empty.
    pub(super) marker: String,
    pub(super) size: usize,
}

impl RestCall<'_> {
    /// A page of things that are listed by their names alone, which are sorted.
    pub(super) fn named(
        &self,
        list: &str,
        entry: &str,
        names: impl IntoIterator<Item = String>,
    ) -> Result<Response, ServiceError> {
        let page = self.page(names, Clone::clone)?;
        let one = |name: &String| {
            format!("<{entry}>{}{}</{entry}>", element("Name", name), element("Owner", OWNER))
        };
        let document = format!(
            "<{list}>{}{}{}</{list}>",
            element("Marker", &page.marker),
            element("MaxItems", page.size),
            page.entries.iter().map(one).collect::<String>()
        );
        Ok(Response::xml(StatusCode::OK, document))
    }

    /// The entries behind the request's `marker`, at most `maxitems` of them. `entries` are sorted by `key`.
    pub(super) fn page<T>(
        &self,
        entries: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Result<Page<T>, ServiceError> {
        let size = self.parameters.number("maxitems")?.unwrap_or(PAGE).clamp(1, PAGE);
        let marker = self.parameters.get("marker");
        let behind = |entry: &T| marker.is_none_or(|marker| key(entry).as_str() > marker);
        let mut entries = entries.into_iter().filter(behind);
        let page: Vec<T> = entries.by_ref().take(size).collect();
        let more = entries.next().is_some();
        let marker = page.last().filter(|_| more).map(key).unwrap_or_default();
        Ok(Page { entries: page, marker, size })
    }
}
