# What the python3 trace runs: an inventory in dictionaries of objects, looked up in random order.
class Item:
    __slots__ = ("name", "price", "tags")

    def __init__(self, number):
        self.name = "item-%d" % number
        self.price = number * 7919 % 1009
        self.tags = [number % 7, number % 11, number % 13]


def main(items, orders):
    stock = {}
    for number in range(items):
        item = Item(number)
        stock[item.name] = item
    state, total, by_tag = 12345, 0, {}
    for _ in range(orders):
        state = (state * 1103515245 + 12345) % 2147483648
        item = stock["item-%d" % (state % items)]
        total += item.price
        for tag in item.tags:
            by_tag[tag] = by_tag.get(tag, 0) + item.price
    print(total, sorted(by_tag.items()))


main(60000, 60000)
