"""What each field of a plan asks, for its schema and its documentation."""

from engine.told_words import REQUIREMENT, Field, Fields

PLAN: Fields = {
    "Plan": {
        "name": Field("What people call this plan.", "nightly"),
        "tasks": Field(
            "What the plan says of single jobs, by the name of their requirement file. Every "
            "requirement file of the folder is a job, named here or not.",
            "{train.yaml: {combine: true}}",
        ),
        "data": Field(
            "Where data lies that jobs read: a name of your own, its network and region.",
            "{lake: {network: aws, region: us-east-1}}",
        ),
        "edges": Field(
            "Which job reads what another one wrote, and how much. Together they have no circle.",
            "[{source: prepare.yaml, target: train.yaml, gb: 200}]",
        ),
        "budgets": Field(
            "The most that a cost centre's jobs may cost together, in USD, data moved between "
            "jobs included (the job that it leaves pays).",
            "{CC-4711: 5000}",
        ),
        "provider_share_max": Field(
            "The most that one provider may have of what all machines cost: 0 to 1.", "0.5"
        ),
        "network_share_max": Field(
            "The most that one network may have of what all machines cost: 0 to 1.", "0.8"
        ),
        "standbys": Field(
            "What stands by for every job: so many other sites, each with room for the whole job. "
            "The plan's standbys count, not those of the requirements.",
            "{count: 1, other_network: true}",
        ),
        "standby_share": Field(
            "The fraction of a standby machine's cost that is paid while it waits. 0: none, and "
            "the cheapest ones are chosen after the plan.",
            "0.25",
        ),
        "regional_egress": Field(
            "Whether moving data between regions of one network costs what its list says. false: "
            "it is free.",
            "false",
        ),
        "time_limit_seconds": Field(
            "How long to look for a better plan; what is found by then comes with the gap.", "30"
        ),
    },
    "PlanTask": {
        "combine": Field(
            "Whether smaller machines may add up to it: 8 GPUs as 2 x 4. Only for jobs that can "
            "run so.",
            "true",
        ),
        "worth_usd": Field(
            "The job may be left out where placing it would cost more than that. Without it the "
            "job must be placed.",
            "500",
        ),
        "standbys": Field("What stands by for this job, instead of the plan's.", "{count: 2}"),
    },
    "PlanData": {
        "network": Field("The network or cloud where the data lies.", "aws"),
        "region": Field("Its region, as the network writes it.", "us-east-1"),
    },
    "PlanEdge": {
        "source": Field("The job that writes (its file), or a name under data.", "prepare.yaml"),
        "target": Field("The job that reads: its file.", "train.yaml"),
        "gb": Field("How much, in GB (10^9 bytes).", "200"),
    },
    "Standbys": REQUIREMENT["Standbys"],
}
