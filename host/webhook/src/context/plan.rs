//! What can matter to an object, by what it is: which relations are followed, and how far.
//!
//! Written by what rules compare: a Service with the pods behind it, those with the ConfigMaps that tell them their ports, a
//! client with the Services that it is told, a policy with everyone over whom it decides and whatever else decides over them.
//! Where a verdict needs *all* of something (the policies over a pod, the pods of a Service), all of it is followed; whom a
//! rule cannot compare with the subject is not.

use super::facts::Class;

/// Which objects a turn is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Those of a class.
    Class(Class),
    /// Those for which there is no other turn.
    Rest,
}

/// Whom to take, and what to follow from there.
pub(super) type Turns = &'static [(Of, &'static Steps)];

/// What is followed from an object.
pub(super) struct Steps {
    /// Pods that it selects (and, where it is no Service or policy, Services by their own labels).
    pub(super) selects: Turns,
    /// Pods that the peers of its rules are.
    pub(super) peers: Turns,
    /// What selects its pods, or itself by its own labels.
    pub(super) selected_by: Turns,
    /// What it mentions.
    pub(super) names: Turns,
    /// What mentions it.
    pub(super) named_by: Turns,
}

const NONE: Steps = Steps {
    selects: &[],
    peers: &[],
    selected_by: &[],
    names: &[],
    named_by: &[],
};

const WORKLOAD: Of = Of::Class(Class::Workload);
const SERVICE: Of = Of::Class(Class::Service);
const CONFIG: Of = Of::Class(Class::Config);
const POLICY: Of = Of::Class(Class::Policy);
const OTHER: Of = Of::Class(Class::Other);

/// It is there, and that is all.
static LEAF: Steps = NONE;

/// A workload with what tells it where to listen and whom to call.
static FILES: Steps = Steps {
    names: &[(CONFIG, &LEAF)],
    ..NONE
};

/// A workload behind a Service that is asked for.
static BEHIND: Steps = Steps {
    selected_by: &[(SERVICE, &LEAF), (POLICY, &LEAF)],
    names: &[(CONFIG, &LEAF)],
    ..NONE
};

/// A Service that something calls; by its name perhaps another (`ExternalName`), four at most.
static CALLED: Steps = Steps {
    selects: &[(WORKLOAD, &BEHIND)],
    names: &[(SERVICE, &CALLED_SECOND)],
    ..NONE
};
static CALLED_SECOND: Steps = Steps {
    selects: &[(WORKLOAD, &BEHIND)],
    names: &[(SERVICE, &CALLED_THIRD)],
    ..NONE
};
static CALLED_THIRD: Steps = Steps {
    selects: &[(WORKLOAD, &BEHIND)],
    names: &[(SERVICE, &CALLED_LAST)],
    ..NONE
};
static CALLED_LAST: Steps = Steps {
    selects: &[(WORKLOAD, &BEHIND)],
    ..NONE
};

/// A ConfigMap with hosts in it.
static HOSTS: Steps = Steps {
    names: &[(SERVICE, &CALLED)],
    ..NONE
};

/// A route, with its Gateway and the class of that.
static ROUTE: Steps = Steps {
    names: &[(OTHER, &GATEWAY)],
    ..NONE
};
static GATEWAY: Steps = Steps {
    names: &[(OTHER, &LEAF)],
    ..NONE
};

/// A workload that calls.
static CLIENT: Steps = Steps {
    selected_by: &[(POLICY, &LEAF)],
    names: &[(CONFIG, &LEAF)],
    ..NONE
};

/// A ConfigMap that tells workloads whom to call.
static TOLD: Steps = Steps {
    named_by: &[(WORKLOAD, &CLIENT)],
    ..NONE
};

/// A Service that is another name for one, and may have other names itself: as many as are followed the other way.
static ALIAS: Steps = Steps {
    named_by: &[(WORKLOAD, &CLIENT), (CONFIG, &TOLD), (SERVICE, &ALIAS_SECOND)],
    ..NONE
};
static ALIAS_SECOND: Steps = Steps {
    named_by: &[(WORKLOAD, &CLIENT), (CONFIG, &TOLD), (SERVICE, &ALIAS_LAST)],
    ..NONE
};
static ALIAS_LAST: Steps = Steps {
    named_by: &[(WORKLOAD, &CLIENT), (CONFIG, &TOLD)],
    ..NONE
};

/// A Service of the pods that it is about.
static FRONT: Steps = Steps {
    selects: &[(WORKLOAD, &FILES)],
    selected_by: &[(OTHER, &LEAF)],
    named_by: &[(OTHER, &ROUTE)],
    ..NONE
};

/// A Service of pods over which a policy decides: who calls it, and by which routes.
static REACHED: Steps = Steps {
    selects: &[(WORKLOAD, &BEHIND)],
    named_by: &[(WORKLOAD, &CLIENT), (CONFIG, &TOLD), (SERVICE, &ALIAS), (OTHER, &ROUTE)],
    ..NONE
};

/// Pods over which a policy decides.
static ISOLATED: Steps = Steps {
    selected_by: &[(POLICY, &LEAF), (SERVICE, &REACHED)],
    names: &[(SERVICE, &CALLED), (CONFIG, &HOSTS), (OTHER, &LEAF)],
    ..NONE
};

/// Pods that a policy lets in or out to.
static PEER: Steps = Steps {
    selected_by: &[(SERVICE, &LEAF), (POLICY, &LEAF)],
    ..NONE
};

/// A workload that reads the ConfigMap under review.
static READER: Steps = Steps {
    selected_by: &[(SERVICE, &FRONT), (POLICY, &LEAF)],
    names: &[(SERVICE, &CALLED), (CONFIG, &HOSTS)],
    ..NONE
};

/// A custom resource beside the one under review.
static BESIDE: Steps = Steps {
    names: &[(OTHER, &LEAF)],
    named_by: &[(OTHER, &LEAF)],
    ..NONE
};

static OF_WORKLOAD: Steps = Steps {
    selected_by: &[(SERVICE, &FRONT), (Of::Rest, &LEAF)],
    names: &[(SERVICE, &CALLED), (CONFIG, &HOSTS), (Of::Rest, &LEAF)],
    named_by: &[(OTHER, &ROUTE)],
    ..NONE
};

static OF_SERVICE: Steps = Steps {
    selects: &[(WORKLOAD, &BEHIND)],
    selected_by: &[(Of::Rest, &LEAF)],
    names: &[(SERVICE, &CALLED), (Of::Rest, &LEAF)],
    named_by: &[(WORKLOAD, &CLIENT), (CONFIG, &TOLD), (SERVICE, &ALIAS), (OTHER, &ROUTE)],
    ..NONE
};

static OF_CONFIG: Steps = Steps {
    names: &[(SERVICE, &CALLED), (Of::Rest, &LEAF)],
    named_by: &[(WORKLOAD, &READER), (Of::Rest, &LEAF)],
    ..NONE
};

static OF_POLICY: Steps = Steps {
    selects: &[(WORKLOAD, &ISOLATED)],
    peers: &[(WORKLOAD, &PEER)],
    ..NONE
};

static OF_OTHER: Steps = Steps {
    selects: &[(WORKLOAD, &BEHIND), (SERVICE, &CALLED)],
    selected_by: &[(Of::Rest, &LEAF)],
    names: &[
        (SERVICE, &CALLED),
        (WORKLOAD, &BEHIND),
        (OTHER, &BESIDE),
        (Of::Rest, &LEAF),
    ],
    named_by: &[(OTHER, &BESIDE), (Of::Rest, &LEAF)],
    ..NONE
};

/// What is followed from an object under review.
pub(super) fn of(class: Class) -> &'static Steps {
    match class {
        Class::Workload => &OF_WORKLOAD,
        Class::Service => &OF_SERVICE,
        Class::Config => &OF_CONFIG,
        Class::Policy | Class::Layer => &OF_POLICY,
        Class::Namespace | Class::Whole => &LEAF,
        Class::Other => &OF_OTHER,
    }
}

/// The turn for an object of a class.
pub(super) fn turn(turns: Turns, class: Class) -> Option<&'static Steps> {
    let own = turns.iter().find(|(of, _)| *of == Of::Class(class));
    own.or_else(|| turns.iter().find(|(of, _)| *of == Of::Rest))
        .map(|(_, steps)| *steps)
}
