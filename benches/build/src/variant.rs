//! The annotations that are compared.

use serde::Serialize;

/// How the functions of a crate are annotated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Variant {
    /// Not at all.
    Nothing,
    /// With tracing's attribute.
    Instrument,
    /// With ours.
    RagSpan,
}

impl Variant {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 3] = [Self::Nothing, Self::Instrument, Self::RagSpan];

    /// The name of its crate.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Instrument => "instrument",
            Self::RagSpan => "rag_span",
        }
    }

    /// The attribute of each function. All annotated variants record the same arguments and errors; ragspan's records a result too.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Instrument => {
                "#[tracing::instrument(skip_all, err, fields(query = query, top_k = top_k, weight = weight))]\n"
            }
            Self::RagSpan => {
                "#[ragspan::rag_span(layer = \"data\", context(query, top_k, weight), ok(|hits| chunks = hits.len()))]\n"
            }
        }
    }

    /// The lines of its manifest that name what the attribute needs; `runtime` is the folder of the crate `ragspan`.
    pub(crate) fn dependencies(self, runtime: &str) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Instrument => "tracing = \"0.1.44\"\n".to_owned(),
            Self::RagSpan => {
                format!("ragspan = {{ path = {runtime:?}, default-features = false }}\n")
            }
        }
    }
}
