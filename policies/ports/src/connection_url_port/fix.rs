//! Writes the port that the Service exposes into what names another one.

use plimsoll_sdk::kube::hosts::{Dialled, Reference};
use plimsoll_sdk::kube::{ServicePort, Target, is_headless};
use plimsoll_sdk::{Bundle, Edit, Fix, Flags, Node, Object, Value, word};

use crate::exposed::is_source;

/// The repair, where the Service has one port and the text is one line without credentials. Safe where what is dialled is the
/// port's target, behind an address of the cluster: it can only have been meant.
pub fn of<'t>(
    bundle: &Bundle<'t>,
    reference: &Reference<'t>,
    holder: Object<'t>,
    service: Object<'t>,
    ports: &[ServicePort<'t>],
    number: i64,
) -> Option<Fix> {
    let &[port] = ports else { return None };
    let exposed = port.port.known()?;
    if reference.secret || !reference.certain || !is_source(bundle, holder) || is_headless(service) {
        return None;
    }
    let (at, text) = match &reference.port {
        Dialled::Written {
            at,
            within: Some(range),
            ..
        } => (*at, replaced(*at, range.clone(), &exposed.to_string())?),
        Dialled::Scheme(_) => {
            let end = reference.within.as_ref()?.end;
            (reference.at, replaced(reference.at, end..end, &format!(":{exposed}"))?)
        }
        _ => return None,
    };
    let cluster_ip = match service
        .root()
        .at(&[word!("spec"), word!("type")])
        .and_then(Node::symbol)
    {
        Value::Known(kind) => kind == word!("ClusterIP"),
        Value::Absent => true,
        Value::Unknown => false,
    };
    let by_target = matches!(port.target, Target::Number(target, _) if target == number);
    Some(Fix {
        title: format!("dial port {exposed}"),
        safe: by_target && cluster_ip,
        edits: vec![Edit::Set {
            at: at.into(),
            value: serde_json::Value::from(text).to_string(),
        }],
    })
}

/// The text of a scalar with a part of it replaced.
fn replaced(at: Node<'_>, range: std::ops::Range<usize>, by: &str) -> Option<String> {
    let text = at.raw_text()?;
    if text.contains('\n') || text.contains('@') || at.flags().has(Flags::ALIAS) {
        return None;
    }
    Some(format!("{}{by}{}", text.get(..range.start)?, text.get(range.end..)?))
}
