/* Areas of address spaces: their tree, and the lists of families and files they are on. */
#include "check_internal.h"

#include "filemap.h"
#include "layout.h"
#include "mmap.h"
#include "vma.h"

#include <bsd/sys/tree.h>

/* Areas of one address space, as walking its tree finds them. */
struct areas {
    uint64_t count, frames, locked;
    uint64_t end; /* of the latest */
};

/* What may be mapped between this area and the end of the one before. */
static uint64_t free_below(const struct vm_area_struct *vma, uint64_t end) {
    return vm_start_gap(vma) > end ? vm_start_gap(vma) - end : 0;
}

static bool check_area(struct checker *check, struct mm_struct *mm, struct vm_area_struct *vma,
                       struct areas *areas) {
    ull pid = pid_of(check->k, mm), start = vma->start, end = vma->end;
    if (vma->mm != mm)
        return wrong(check, "pid %llu: area %#llx belongs to another address space", pid, start);
    if (start >= end || start % PAGE_BYTES != 0 || end % PAGE_BYTES != 0)
        return wrong(check, "pid %llu: area %#llx-%#llx is empty or not of whole pages", pid, start,
                     end);
    if (start < areas->end)
        return wrong(check, "pid %llu: area %#llx-%#llx overlaps one that ends at %#llx", pid,
                     start, end, (ull)areas->end);
    const struct layout *layout = mm_layout(check->k->config.mode);
    if (mm != check->k->init_mm ? end > layout->task_size
                                : start < layout->vmalloc_start || end > layout->vmalloc_end)
        return wrong(check, "pid %llu: area %#llx-%#llx is beyond %s", pid, start, end,
                     mm != check->k->init_mm ? "user space" : "dynamic memory");
    if (vma->flags & VM_SHARED && !vma->file)
        return wrong(check, "pid %llu: area %#llx is shared, but maps no file", pid, start);
    if (!vma->file && !vma->anon_vma && vma->pgoff != vma->start / PAGE_BYTES &&
        !(vma->flags & VM_HUGETLB))
        return wrong(check, "pid %llu: area %#llx has no pages of its own, but page offset %#llx",
                     pid, start, (ull)vma->pgoff);
    if (vma->gap != free_below(vma, areas->end))
        return wrong(check, "pid %llu: area %#llx has %#llx free bytes below it, noted %#llx", pid,
                     start, (ull)free_below(vma, areas->end), (ull)vma->gap);
    areas->count++;
    areas->frames += (vma->end - vma->start) / PAGE_BYTES;
    if (vma->flags & VM_LOCKED)
        areas->locked += (vma->end - vma->start) / PAGE_BYTES;
    areas->end = vma->end;
    return true;
}

static struct vm_area_struct *leftmost(struct vm_area_struct *vma) {
    while (vma && vma->node.rbe_left)
        vma = vma->node.rbe_left;
    return vma;
}

/* In order, by the links themselves. */
static struct vm_area_struct *following(struct vm_area_struct *vma) {
    if (vma->node.rbe_right)
        return leftmost(vma->node.rbe_right);
    struct vm_area_struct *parent = vma->node.rbe_parent;
    for (; parent && vma == parent->node.rbe_right; parent = parent->node.rbe_parent)
        vma = parent;
    return parent;
}

/* Black nodes from here up to the root: the same for every place where a leaf could hang. */
static unsigned black_height(const struct vm_area_struct *vma) {
    unsigned height = 0;
    for (; vma; vma = vma->node.rbe_parent)
        height += vma->node.rbe_color == RB_BLACK;
    return height;
}

static bool check_links(struct checker *check, const struct mm_struct *mm,
                        const struct vm_area_struct *vma, unsigned height) {
    const struct vm_area_struct *left = vma->node.rbe_left, *right = vma->node.rbe_right;
    ull pid = pid_of(check->k, mm), start = vma->start;
    const struct vm_area_struct *parent = vma->node.rbe_parent;
    if ((left && left->node.rbe_parent != vma) || (right && right->node.rbe_parent != vma) ||
        (parent ? parent->node.rbe_left != vma && parent->node.rbe_right != vma
                : mm->vmas.rbh_root != vma))
        return wrong(check, "pid %llu: the tree of areas is broken at %#llx", pid, start);
    uint64_t most = vma->gap;
    if (left && left->subtree_gap > most)
        most = left->subtree_gap;
    if (right && right->subtree_gap > most)
        most = right->subtree_gap;
    if (vma->subtree_gap != most)
        return wrong(check,
                     "pid %llu: the largest gap at and below area %#llx is %#llx, noted %#llx", pid,
                     start, (ull)most, (ull)vma->subtree_gap);
    if (vma->node.rbe_color == RB_RED &&
        ((left && left->node.rbe_color == RB_RED) || (right && right->node.rbe_color == RB_RED)))
        return wrong(check, "pid %llu: area %#llx and one below it in the tree are red", pid,
                     start);
    if ((!left || !right) && black_height(vma) != height)
        return wrong(check, "pid %llu: the tree of areas is out of balance at %#llx", pid, start);
    return true;
}

static bool check_tree(struct checker *check, struct mm_struct *mm) {
    struct areas areas = {0};
    struct vm_area_struct *first = leftmost(mm->vmas.rbh_root);
    unsigned height = black_height(first);
    bool cache_found = !mm->mmap_cache;
    for (struct vm_area_struct *vma = first; vma; vma = following(vma)) {
        if (!check_links(check, mm, vma, height) || !check_area(check, mm, vma, &areas))
            return false;
        cache_found = cache_found || vma == mm->mmap_cache;
    }
    ull pid = pid_of(check->k, mm);
    if (!cache_found)
        return wrong(check, "pid %llu: the area found last is not in the tree", pid);
    if (areas.count != mm->map_count)
        return wrong(check, "pid %llu: %llu areas, counted %llu", pid, (ull)areas.count,
                     (ull)mm->map_count);
    if (areas.frames != mm->total_vm)
        return wrong(check, "pid %llu: areas of %llu frames, total_vm is %llu", pid,
                     (ull)areas.frames, (ull)mm->total_vm);
    if (areas.locked != mm->locked_vm)
        return wrong(check, "pid %llu: locked areas of %llu frames, locked_vm is %llu", pid,
                     (ull)areas.locked, (ull)mm->locked_vm);
    return true;
}

/* A list is walked once, from its first member; that all members were met shows in the sum. */
static bool check_family(struct checker *check, const struct vm_area_struct *vma, uint64_t *met) {
    const struct anon_vma *family = vma->anon_vma;
    if (!family || TAILQ_FIRST(&family->vmas) != vma)
        return true;
    uint64_t members = 0;
    const struct vm_area_struct *member;
    TAILQ_FOREACH(member, &family->vmas, anon_list) {
        if (member->anon_vma != family)
            return wrong(check, "pid %llu: area %#llx is on the list of a family not its own",
                         (ull)pid_of(check->k, member->mm), (ull)member->start);
        members++;
    }
    if (members != family->vma_count)
        return wrong(check, "pid %llu: the family of area %#llx has %llu members, counted %llu",
                     (ull)pid_of(check->k, vma->mm), (ull)vma->start, (ull)members,
                     (ull)family->vma_count);
    *met += members;
    return true;
}

static bool check_families(struct checker *check) {
    uint64_t members = 0, met = 0;
    for (struct mm_struct *mm = next_mm(check->k, NULL); mm; mm = next_mm(check->k, mm)) {
        for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma)) {
            members += vma->anon_vma != NULL;
            if (!check_family(check, vma, &met))
                return false;
        }
    }
    if (members != met)
        return wrong(check, "%llu areas have a family, the families' lists hold %llu", (ull)members,
                     (ull)met);
    return true;
}

static bool known_inode(const struct kernel *k, const struct inode *inode) {
    const struct inode *known;
    TAILQ_FOREACH(known, &k->inodes, list) {
        if (known == inode)
            return true;
    }
    return false;
}

static bool check_i_mmap(struct checker *check) {
    struct kernel *k = check->k;
    uint64_t mappers = 0, met = 0;
    for (struct mm_struct *mm = next_mm(k, NULL); mm; mm = next_mm(k, mm)) {
        for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma)) {
            if (vma->file && (vma->file->refs == 0 || !known_inode(k, vma->file->inode)))
                return wrong(check, "pid %llu: area %#llx maps a file that was closed",
                             (ull)pid_of(k, mm), (ull)vma->start);
            mappers += vma->file != NULL;
        }
    }
    struct inode *inode;
    TAILQ_FOREACH(inode, &k->inodes, list) {
        struct vm_area_struct *vma;
        TAILQ_FOREACH(vma, &inode->mapping.i_mmap, file_list) {
            if (!vma->file || vma->file->inode != inode)
                return wrong(check, "an area is on the list of a file that it does not map");
            met++;
        }
    }
    if (mappers != met)
        return wrong(check, "%llu areas map files, the files' lists hold %llu", (ull)mappers,
                     (ull)met);
    return true;
}

bool check_vmas(struct checker *check) {
    if (!check_tree(check, check->k->init_mm))
        return false;
    for (struct mm_struct *mm = next_mm(check->k, NULL); mm; mm = next_mm(check->k, mm))
        if (!check_tree(check, mm))
            return false;
    return check_families(check) && check_i_mmap(check);
}
