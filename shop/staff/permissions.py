"""What one may be allowed to do, and which role may do it."""

from enum import StrEnum

from shop.languages import N_


class Permission(StrEnum):
    """One thing that a page or a command asks for."""

    READ_SALES = "read_sales"  # overview, orders, customers, products; their .json as well
    EXPORT = "export"  # take sales away as .csv
    ERASE = "erase"  # a person who asks for it
    READ_OPERATIONS = "read_operations"  # snapshots, recovery, shops
    RUN_SNAPSHOTS = "run_snapshots"  # start, upload, retry, cancel
    MANAGE_SHOPS = "manage_shops"  # connect, pause, resume
    RESTORE = "restore"  # a copy beside the live database, what differs in every shop, the switch
    CHANGE_SETTINGS = "change_settings"  # of one's shops; of the installation for those who see all of them
    MANAGE_STAFF = "manage_staff"  # people, their roles and shops
    READ_AUDIT = "read_audit"  # who did what


class Role(StrEnum):
    """What a person is here. Owners see every shop; the others those they are given."""

    OWNER = "owner"
    OPERATOR = "operator"
    MANAGER = "manager"


NAMES = {Role.OWNER: N_("Owner"), Role.OPERATOR: N_("Operator"), Role.MANAGER: N_("Manager")}

ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.OPERATOR: frozenset(
        {
            Permission.READ_SALES,
            Permission.READ_OPERATIONS,
            Permission.RUN_SNAPSHOTS,
            Permission.CHANGE_SETTINGS,
        }
    ),
    Role.MANAGER: frozenset({Permission.READ_SALES, Permission.EXPORT, Permission.ERASE}),
}
